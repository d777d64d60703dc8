import type { ColumnResult } from '../results/result.ts';
import type { ScoredLift } from '../scoring/lifts.ts';
import type { Block, Fact, TableColumn } from './report-blocks.ts';
import { figure } from './report-words.ts';
import { RISK_COLORS } from './risk-levels.ts';

/** The lifts that an observer measured, by the NIOSH equation: what was told, and what it comes to. */
export function reportLifts({ summary: { niosh } }: ColumnResult): Block[] {
  if (niosh.length === 0) return [];
  return [
    { kind: 'heading', text: 'Lifts (NIOSH equation)' },
    {
      kind: 'text',
      text: 'From what the observer told, not from the picture. The equation is for lifts with two hands while standing, without slipping, in up to 8 hours a day; it is not for lifts with one hand, while sitting or kneeling, in tight spaces, or of unsteady loads. A lifting index up to 1 means a low risk, up to 3 an increased one, above 3 a high one.',
    },
    { kind: 'subheading', text: 'Told by the observer' },
    {
      kind: 'text',
      text: 'H: how far the hands are from the middle between the ankles. V: how high they are above the floor at the start. D: how far they go up or down. A: by how much the load lies beside the middle of the body.',
    },
    { kind: 'table', columns: TOLD, rows: niosh.map(toldRow) },
    { kind: 'subheading', text: 'Multipliers, recommended weight limit (RWL), lifting index (LI)' },
    { kind: 'table', columns: FOUND, rows: niosh.map(foundRow) },
  ];
}

/** The highest lifting index, for the first page. */
export function liftingFact({ summary: { niosh } }: ColumnResult): Fact[] {
  const judged = niosh.filter(({ risk }) => risk !== undefined);
  const value = ({ LI }: ScoredLift) => LI ?? Number.POSITIVE_INFINITY;
  const [worst] = judged.toSorted((a, b) => value(b) - value(a));
  if (!worst?.risk) return [];
  const color = COLORS[worst.risk];
  const note = worst.LI === null ? 'no load is recommended' : `${worst.risk} risk`;
  return [{ name: 'highest lifting index (NIOSH)', value: indexText(worst), note, color }];
}

const COLORS = { low: RISK_COLORS[0], increased: RISK_COLORS[2], high: RISK_COLORS[4] } as const;

const number = (title: string, weight = 1): TableColumn => ({ title, weight, isNumber: true });
const NAME: TableColumn = { title: 'lift', weight: 2 };

const TOLD: readonly TableColumn[] = [
  NAME,
  ...['H', 'V', 'D', 'A'].map((name) => number(name, 0.8)),
  ...[number('how often', 1.3), number('for', 1.2), number('grip'), number('load')],
];
const FOUND: readonly TableColumn[] = [
  NAME,
  ...['HM', 'VM', 'DM', 'AM', 'FM', 'CM'].map((name) => number(name, 0.8)),
  ...[number('RWL', 1.1), number('LI', 0.8), number('risk', 1.2)],
];

const nameOf = ({ name }: ScoredLift, at: number): string => name ?? `lift ${at + 1}`;

function toldRow(lift: ScoredLift, at: number): string[] {
  const { input, assumed } = lift;
  const inches = 'H_in' in input;
  const [h, v, d] = inches ? [input.H_in, input.V_in, input.D_in] : [input.H_cm, input.V_cm, input.D_cm];
  const load = inches ? input.load_lb : input.load_kg;
  const length = (value: number) => `${plain(value)} ${inches ? 'in' : 'cm'}`;
  const mark = (field: string) => (assumed.includes(field) ? ' *' : '');
  const isFmTold = input.FM !== undefined;
  return [
    nameOf(lift, at),
    ...[length(h), length(v), length(d), `${plain(input.A_deg)}°${mark('A_deg')}`],
    isFmTold ? 'FM told' : `${plain(input.lifts_per_min ?? 0)} a minute`,
    isFmTold ? '–' : (input.duration ?? '').replace('<=', 'up to ').replace('h', ' h'),
    `${input.coupling}${mark('coupling')}`,
    load === undefined ? '–' : `${plain(load)} ${inches ? 'lb' : 'kg'}`,
  ];
}

function foundRow(lift: ScoredLift, at: number): string[] {
  const { HM, VM, DM, AM, FM, CM, RWL, RWL_lb: pounds, risk } = lift;
  return [
    nameOf(lift, at),
    ...[HM, VM, DM, AM, FM, CM].map((value) => figure(value, 3)),
    pounds === undefined ? `${figure(RWL ?? 0)} kg` : `${figure(pounds)} lb`,
    indexText(lift),
    risk ?? '–',
  ];
}

/** Where no load at all is recommended there is no index. */
const indexText = ({ LI }: ScoredLift): string => (typeof LI === 'number' ? figure(LI, 2) : '–');

const plain = (value: number): string => String(Math.round(value * 100) / 100);
