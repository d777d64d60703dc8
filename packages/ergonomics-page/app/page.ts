import type { PageState } from './page-state.ts';
import type { Session } from './session.ts';
import { chooseView } from './views/choose-view.ts';
import { chosenView } from './views/chosen-view.ts';
import { elsewhereView } from './views/elsewhere-view.ts';
import { failedView, linkView } from './views/plain-views.ts';
import { processingView } from './views/processing-view.ts';
import { resultsView } from './views/results-view.ts';
import { uploadView } from './views/upload-view.ts';
import type { View } from './views/view.ts';

/** Puts states on the page. One that only changes is updated in place; another one gets the focus on its heading. */
export interface Page {
  show(state: PageState, session: Session | undefined): void;
  /** Below everything, until it is empty again. */
  notice(text: string): void;
}

export function createPage(handlers: { useLink(text: string): boolean }): Page {
  const host = document.querySelector('main') as HTMLElement;
  const note = document.querySelector('#notice') as HTMLElement;
  let shown: { readonly is: PageState['is']; readonly view: View<never> } | undefined;

  return {
    show(state, session) {
      document.title = titleOf(state);
      if (shown?.is === state.is && shown.view.update) {
        shown.view.update(state as never);
        return;
      }
      const isFirst = shown === undefined;
      shown?.view.remove?.();
      shown = { is: state.is, view: viewOf(state, session, handlers) };
      host.replaceChildren(shown.view.element);
      if (!isFirst) host.querySelector<HTMLElement>('#step')?.focus();
    },
    notice(text) {
      if (note.textContent !== text) note.textContent = text;
      note.hidden = text === '';
    },
  };
}

const TITLE = document.title;

/** Of the browser's tab, which tells how far it is while another one is looked at. */
function titleOf(state: PageState): string {
  switch (state.is) {
    case 'uploading':
    case 'elsewhere':
      return `${Math.floor((100 * state.sentBytes) / state.sizeBytes)} % · Upload · ${TITLE}`;
    case 'processing':
      return `${Math.floor(state.progress.percent)} % · Analysis · ${TITLE}`;
    case 'done':
      return `Done · ${TITLE}`;
    case 'failed':
      return `Did not work · ${TITLE}`;
    default:
      return TITLE;
  }
}

function viewOf(
  state: PageState,
  session: Session | undefined,
  handlers: { useLink(text: string): boolean },
): View<never> {
  if (state.is === 'needsLink' || !session) {
    const sentence = state.is === 'needsLink' ? state.sentence : '';
    return linkView({ is: 'needsLink', sentence }, handlers);
  }
  switch (state.is) {
    case 'choosing':
      return chooseView(state, {
        terms: session.terms,
        choose: (file) => session.choose(file),
        forget: () => void session.discard(),
      });
    case 'chosen':
      return chosenView(state, {
        begin: (settings) => void session.begin(settings),
        back: () => session.open(),
      });
    case 'uploading':
      return uploadView(state, {
        pause: () => session.pause(),
        resume: () => session.resume(),
        discard: () => void session.discard(),
      });
    case 'elsewhere':
      return elsewhereView(state);
    case 'processing':
      return processingView(state, { cancel: () => void session.cancel() });
    case 'failed':
      return failedView(state, { goOn: () => session.goOn(), again: () => session.again() });
    case 'done':
      return resultsView(state, { again: () => session.again() });
  }
}
