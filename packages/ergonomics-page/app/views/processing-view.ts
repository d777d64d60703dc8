import { h, setText } from '../element.ts';
import type { StateOf, View } from './view.ts';

type Processing = StateOf<'processing'>;

/** The stages of a video's processing, in their order, as the worker calls them, and in the page's words. */
const STAGES: readonly (readonly [string, string])[] = [
  ['fetching the video', 'Fetch the video'],
  ['looking for postures', 'Look for postures'],
  ['scoring', 'Score them'],
  ['writing the report', 'Write the report'],
  ['drawing the video', 'Draw the video'],
];

export function processingView(first: Processing, { cancel }: { cancel(): void }): View<Processing> {
  const bar = h('progress', { id: 'bar', max: 100 });
  const percent = h('strong', { class: 'percent' });
  const stage = h('p', { id: 'stage', role: 'status', 'aria-live': 'polite' });
  const items = STAGES.map(([, text]) => h('li', {}, text));
  const stop = h('button', { type: 'button', class: 'plain', click: cancel }, 'Cancel');
  const element = h(
    'section',
    { 'aria-labelledby': 'step' },
    h('h2', { id: 'step', tabindex: -1 }, 'Analysis'),
    h('p', { class: 'line' }, h('label', { for: 'bar' }, first.name), percent),
    bar,
    stage,
    h('ol', { class: 'stages' }, ...items),
    h('p', { class: 'buttons' }, stop),
    h(
      'p',
      { class: 'quiet small' },
      'You may close this page and open it again in this browser: the server goes on, and this page shows how far it is.',
    ),
  );
  function update({ progress, isCancelling }: Processing): void {
    const { segments } = progress;
    const at = STAGES.findIndex(([name]) => name === progress.stage);
    bar.value = progress.percent;
    setText(percent, `${Math.floor(progress.percent)} %`);
    const part =
      segments && segments.total > 1
        ? ` (part ${Math.min(segments.done + 1, segments.total)} of ${segments.total})`
        : '';
    const text = (STAGES[at]?.[1] ?? progress.stage) + (at === 1 ? part : '');
    setText(stage, `${text.charAt(0).toUpperCase()}${text.slice(1)} …`);
    for (const [index, item] of items.entries()) {
      item.className = index < at ? 'over' : index === at ? 'now' : '';
      if (index === at) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
    stop.disabled = isCancelling;
  }
  update(first);
  return { element, update };
}
