import { h, setText } from '../element.ts';
import { bytesText } from '../format.ts';
import type { StateOf, View } from './view.ts';

type Elsewhere = StateOf<'elsewhere'>;

/** Another tab of this browser has the file; here is only to be seen how far it is. */
export function elsewhereView(first: Elsewhere): View<Elsewhere> {
  const bar = h('progress', { id: 'bar', max: 100 });
  const percent = h('strong', { class: 'percent' });
  const bytes = h('p', {});
  const element = h(
    'section',
    { 'aria-labelledby': 'step' },
    h('h2', { id: 'step', tabindex: -1 }, 'Upload in another tab'),
    h('p', { class: 'line' }, h('label', { for: 'bar' }, first.name), percent),
    bar,
    bytes,
    h(
      'p',
      { class: 'quiet small' },
      'Another tab of this browser sends this video. Leave that one open: this page goes on by itself once all of it is there.',
    ),
  );
  function update({ sentBytes, sizeBytes }: Elsewhere): void {
    const share = sizeBytes === 0 ? 1 : sentBytes / sizeBytes;
    bar.value = share * 100;
    setText(percent, `${Math.floor(share * 100)} %`);
    setText(bytes, `${bytesText(sentBytes)} of ${bytesText(sizeBytes)}`);
  }
  update(first);
  return { element, update };
}
