import type { Terms } from '../analysis.ts';
import { h, setText } from '../element.ts';
import { bytesText, percentText, spanText, untilText } from '../format.ts';
import { VIDEO_EXTENSIONS } from '../video-file.ts';
import type { StateOf, View } from './view.ts';

export interface ChooseHandlers {
  readonly terms: Promise<Terms>;
  choose(file: File): void;
  forget(): void;
}

/** A file is chosen or dropped; one whose upload broke off is asked for by its name. */
export function chooseView(state: StateOf<'choosing'>, handlers: ChooseHandlers): View<StateOf<'choosing'>> {
  const { problem, unfinished } = state;
  const accept = ['video/*', ...VIDEO_EXTENSIONS.map((one) => `.${one}`)].join(',');
  const input = h('input', {
    ...{ type: 'file', id: 'file', accept, class: 'file' },
    // The whole field is its label; of that only the first line is a name.
    ...{ 'aria-labelledby': 'choose', 'aria-describedby': 'taken' },
    change: () => input.files?.[0] && handlers.choose(input.files[0]),
  });
  const formats = VIDEO_EXTENSIONS.map((one) => one.toUpperCase()).join(', ');
  const taken = h('span', { class: 'quiet small', id: 'taken' }, formats);
  const good = h('p', { class: 'quiet small' });
  handlers.terms.then(
    ({ maxVideoBytes, maxVideoMs, expiresAt }) => {
      const length = maxVideoMs === undefined ? '' : ` and ${spanText(maxVideoMs / 1000)}`;
      setText(taken, `${formats}, up to ${bytesText(maxVideoBytes)}${length}`);
      setText(good, `Your link is good ${untilText(expiresAt, Date.now())}.`);
    },
    // Told by whoever asked.
    () => undefined,
  );
  const drop = h(
    'label',
    {
      ...{ class: 'drop', for: 'file' },
      dragover(event: DragEvent) {
        event.preventDefault();
        drop.classList.add('over');
      },
      dragleave: () => drop.classList.remove('over'),
      drop(event: DragEvent) {
        event.preventDefault();
        drop.classList.remove('over');
        const file = event.dataTransfer?.files[0];
        if (file) handlers.choose(file);
      },
    },
    h('strong', { id: 'choose' }, unfinished ? `Choose ${unfinished.name} again` : 'Choose a video'),
    h('span', { class: 'quiet' }, 'or drop it here'),
    input,
    taken,
  );
  const element = h(
    'section',
    { 'aria-labelledby': 'step' },
    h('h2', { id: 'step', tabindex: -1 }, unfinished ? 'Go on with an upload' : 'Video'),
    problem !== undefined && h('p', { class: 'box bad', role: 'alert' }, problem),
    unfinished && unfinishedNote(unfinished, handlers),
    drop,
    good,
  );
  return { element };
}

function unfinishedNote(
  { name, sizeBytes, sentBytes }: NonNullable<StateOf<'choosing'>['unfinished']>,
  { forget }: ChooseHandlers,
): HTMLElement {
  const share = percentText(sentBytes / Math.max(1, sizeBytes));
  return h(
    'div',
    { class: 'box' },
    h(
      'p',
      {},
      `${share} of ${name} (${bytesText(sizeBytes)}) ${sentBytes > 0 ? 'is on the server already' : 'was sent'}. `,
      'Browsers don’t keep files for a page, so choose the same file again: the upload goes on where it was.',
    ),
    h('button', { type: 'button', class: 'plain', click: forget }, 'Forget it'),
  );
}
