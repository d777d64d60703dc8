import { h } from '../element.ts';
import { percentText, secondsText } from '../format.ts';
import { levelsOf, type Method, type SequenceResult } from '../result.ts';

/** How long each level was, as a table with bars. */
export function levelTable(result: SequenceResult, method: Method): HTMLElement {
  const times = levelsOf(result, method);
  const rows = method.levels.map(({ level, risk, action }) => {
    const { share = 0, seconds = 0 } = times.find((one) => one.level === level) ?? {};
    const fill = h('span', { class: `fill risk-${risk}` });
    fill.style.width = `${share * 100}%`;
    return h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('span', { class: `dot risk-${risk}`, 'aria-hidden': 'true' }),
        String(level),
      ),
      h('td', {}, action),
      h('td', { class: 'bar' }, h('span', { class: 'track', 'aria-hidden': 'true' }, fill)),
      h('td', { class: 'number' }, percentText(share)),
      h('td', { class: 'number quiet' }, secondsText(seconds)),
    );
  });
  return h(
    'table',
    { class: 'levels' },
    h('caption', {}, `Share of time per level of ${method.name}`),
    h(
      'thead',
      {},
      h('tr', {}, ...['Level', 'Means', '', 'Share', 'Time'].map((text) => h('th', { scope: 'col' }, text))),
    ),
    h('tbody', {}, ...rows),
  );
}
