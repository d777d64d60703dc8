import { type AnalysisSettings, QUALITIES, type Quality } from '../analysis.ts';
import { h, setText } from '../element.ts';
import { bytesText, clockText, percentText } from '../format.ts';
import { warnOfPictures } from '../video-file.ts';
import { liftFields } from './lift-fields.ts';
import type { StateOf, View } from './view.ts';

export interface ChosenHandlers {
  begin(settings: AnalysisSettings): void;
  back(): void;
}

const QUALITY_TEXTS: Readonly<Record<Quality, { name: string; text: string }>> = {
  low: { name: 'Low', text: '3 pictures a second: a quick look' },
  medium: { name: 'Medium', text: '6 pictures a second: right for most work' },
  high: { name: 'High', text: '12 pictures a second, larger: fast or fine movements' },
  ultra: { name: 'Ultra', text: '30 pictures a second, as large as they are: slowest' },
};

/** What was chosen, and what it is to be looked at with. */
export function chosenView(first: StateOf<'chosen'>, handlers: ChosenHandlers): View<StateOf<'chosen'>> {
  const { file, unfinished } = first;
  const duration = h('dd', {});
  const warning = h('p', { class: 'box warn', role: 'alert', hidden: true });
  const refusal = h('p', { class: 'box bad', role: 'alert', hidden: true });
  const lifts = liftFields(unfinished?.lifts ?? []);
  const title = h('input', {
    ...{ type: 'text', id: 'title', maxlength: 200, autocomplete: 'off' },
    placeholder: 'such as Packing station 4',
    value: unfinished?.title ?? '',
  });
  const form = h(
    'form',
    {
      submit(event: SubmitEvent) {
        event.preventDefault();
        const quality = new FormData(form).get('quality') as Quality;
        const measured = lifts.read();
        if (measured) handlers.begin({ quality, title: title.value.trim(), lifts: measured });
      },
    },
    factList(file, duration),
    warning,
    h(
      'fieldset',
      {},
      h('legend', {}, 'Quality'),
      ...QUALITIES.map((one) => qualityChoice(one, one === (unfinished?.quality ?? 'medium'))),
    ),
    h(
      'p',
      {},
      h('label', { for: 'title' }, 'Title of the report ', h('span', { class: 'quiet' }, '(if you like)')),
      title,
    ),
    lifts.element,
    refusal,
    h(
      'p',
      { class: 'buttons' },
      h(
        'button',
        { type: 'submit', class: 'main' },
        unfinished
          ? `Go on at ${percentText(unfinished.sentBytes / Math.max(1, file.size))}`
          : 'Upload and analyse',
      ),
      h('button', { type: 'button', class: 'plain', click: handlers.back }, 'Another file'),
    ),
  );
  function update({ facts, problem }: StateOf<'chosen'>): void {
    setText(duration, lengthText(facts));
    tellIn(warning, facts === undefined || facts === 'unknown' ? undefined : warnOfPictures(facts));
    tellIn(refusal, problem);
  }
  update(first);
  return {
    element: h(
      'section',
      { 'aria-labelledby': 'step' },
      h('h2', { id: 'step', tabindex: -1 }, 'Before it starts'),
      form,
    ),
    update,
  };
}

function factList(file: File, duration: HTMLElement): HTMLElement {
  const facts = [
    ['File', file.name],
    ['Size', bytesText(file.size)],
    ['Type', file.type === '' ? 'not told; the server looks' : file.type],
  ] as const;
  return h(
    'dl',
    { class: 'facts' },
    ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    h('dt', {}, 'Length'),
    duration,
  );
}

function lengthText(facts: StateOf<'chosen'>['facts']): string {
  if (facts === undefined) return '…';
  return facts === 'unknown' ? 'not known to this browser; the server looks' : clockText(facts.seconds);
}

function tellIn(box: HTMLElement, sentence = ''): void {
  box.hidden = sentence === '';
  setText(box, sentence);
}

function qualityChoice(quality: Quality, isChecked: boolean): HTMLElement {
  const { name, text } = QUALITY_TEXTS[quality];
  return h(
    'label',
    { class: 'choice' },
    h('input', { type: 'radio', name: 'quality', value: quality, checked: isChecked }),
    h('span', {}, h('b', {}, name), ' ', h('span', { class: 'quiet' }, text)),
  );
}
