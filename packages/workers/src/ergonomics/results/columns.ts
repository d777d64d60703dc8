import type { ScoredSample } from '../sequence/score-sequence.ts';
import { degreesAt, JOINTS } from '../sequence/summarise.ts';

/** What every form of the results tells of a sample, one column each: degrees, seconds, scores; nothing where unknown. */
export interface Column {
  readonly name: string;
  readonly value: (sample: ScoredSample) => number | undefined;
}

export const COLUMNS: readonly Column[] = [
  { name: 't', value: ({ t }) => t },
  { name: 'seconds', value: ({ seconds }) => seconds },
  ...JOINTS.map((joint) => ({
    name: joint.name,
    value: (sample: ScoredSample) => {
      const degrees = degreesAt(sample, joint);
      return degrees === undefined ? undefined : Math.round(degrees * 100) / 100 + 0;
    },
  })),
  { name: 'rula', value: ({ scored }) => scored.rula?.grand },
  { name: 'rula_level', value: ({ scored }) => scored.rula?.action_level },
  { name: 'left_rula', value: ({ scored }) => scored.sides.left.rula?.grand },
  { name: 'right_rula', value: ({ scored }) => scored.sides.right.rula?.grand },
  { name: 'reba', value: ({ scored }) => scored.reba?.final },
  { name: 'reba_level', value: ({ scored }) => scored.reba?.action_level },
  { name: 'left_reba', value: ({ scored }) => scored.sides.left.reba?.final },
  { name: 'right_reba', value: ({ scored }) => scored.sides.right.reba?.final },
  { name: 'owas', value: ({ owas }) => owas ?? undefined },
  { name: 'bridged', value: ({ isBridged }) => (isBridged ? 1 : 0) },
  { name: 'partial', value: ({ scored }) => (scored.partial ? 1 : 0) },
];

export type Table = Readonly<Record<string, readonly (number | undefined)[]>>;

export const tableOfSamples = (samples: readonly ScoredSample[]): Table =>
  Object.fromEntries(COLUMNS.map(({ name, value }) => [name, samples.map(value)]));

/** Comma-separated, a line a sample, empty where nothing is known (RFC 4180). */
export function writeCsv(table: Table): string {
  const columns = Object.values(table);
  const rows = (columns[0] ?? []).map((_, at) => columns.map((column) => column[at] ?? '').join(','));
  return `${[Object.keys(table).join(','), ...rows].join('\r\n')}\r\n`;
}
