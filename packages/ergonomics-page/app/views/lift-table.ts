import { h } from '../element.ts';
import { figureText } from '../format.ts';
import type { ScoredLift } from '../result.ts';

/** The lifts that somebody measured, each with its recommended weight limit and, with a load, its lifting index. */
export function liftTable(lifts: readonly ScoredLift[]): HTMLElement {
  return h(
    'table',
    { class: 'judged' },
    h(
      'caption',
      {},
      'RWL: recommended weight limit. LI: load divided by it; up to 1 a low risk, up to 3 an increased one. From what was told, not from the video.',
    ),
    h(
      'thead',
      {},
      h('tr', {}, ...COLUMNS.map(([text, name]) => h('th', { scope: 'col', class: name }, text))),
    ),
    h('tbody', {}, ...lifts.map(rowOf)),
  );
}

const COLUMNS = [
  ['Lift', undefined],
  ['Load', 'number'],
  ['RWL', 'number'],
  ['LI', 'number'],
  ['Risk', undefined],
] as const;

/** As the report colours them. */
const RISKS = { low: 0, increased: 2, high: 4 } as const;

function rowOf({ name, input, RWL, RWL_lb: pounds, LI, risk }: ScoredLift, at: number): HTMLElement {
  const [load, limit, unit] =
    pounds === undefined ? [input.load_kg, RWL ?? 0, 'kg'] : [input.load_lb, pounds, 'lb'];
  const number = (text: string) => h('td', { class: 'number' }, text);
  const note = LI === null ? 'no load at all' : risk;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name ?? `Lift ${at + 1}`),
    number(load === undefined ? '–' : `${figureText(load, 2)} ${unit}`),
    number(`${figureText(limit, 1)} ${unit}`),
    number(typeof LI === 'number' ? figureText(LI, 2) : '–'),
    h(
      'td',
      {},
      risk === undefined || note === undefined
        ? '–'
        : h('span', { class: `chip on-risk risk-${RISKS[risk]}` }, note),
    ),
  );
}
