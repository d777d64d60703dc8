import type { ScoredSequence } from '../sequence/score-sequence.ts';
import { JOINTS, type ScoreName } from '../sequence/sequence-columns.ts';

/**
 * What every form of the results tells of the samples, one column each: degrees, seconds, scores; NaN or null where nothing
 * is known. Forms are written column by column or row by row, never as objects of all samples.
 */
export type Column = ArrayLike<number | null>;
export type Columns = Readonly<Record<string, Column>>;

const SCORES = [
  ...['rula', 'rula_level', 'left_rula', 'right_rula'],
  ...['reba', 'reba_level', 'left_reba', 'right_reba'],
  ...['owas', 'bridged', 'partial'],
] as readonly ScoreName[];

/** Degrees to the hundredth, times to the microsecond: what lies between two of them was reckoned, and has no end of digits. */
export function columnsOf({ samples, seconds, joints, scores }: ScoredSequence): Columns {
  const short = (times: Float64Array) => times.map((one) => Math.round(one * 1e6) / 1e6);
  return Object.fromEntries([
    ['t', short(samples.times)],
    ['seconds', short(seconds)],
    ...JOINTS.map(({ name }) => [name, joints[name]?.map((one) => Math.round(one * 100) / 100 + 0) ?? []]),
    ...SCORES.map((name) => [name, scores[name]]),
  ]) as Columns;
}

/** Undefined where nothing is known. */
export function knownAt(column: Column, at: number): number | undefined {
  const value = column[at];
  return value === undefined || value === null || Number.isNaN(value) ? undefined : value;
}

/** So many rows or values are written at a time. */
const AT_A_TIME = 1024;

/** `[from, to)` of pieces that are written at a time. */
export function* piecesOf({ length }: Column): Generator<readonly [from: number, to: number]> {
  for (let from = 0; from < length; from += AT_A_TIME) yield [from, Math.min(from + AT_A_TIME, length)];
}

/** Comma-separated, a line a sample, empty where nothing is known (RFC 4180). */
export function* writeCsv(table: Columns): Generator<string> {
  const columns = Object.values(table);
  yield `${Object.keys(table).join(',')}\r\n`;
  for (const [from, to] of piecesOf(columns[0] ?? [])) {
    let lines = '';
    for (let at = from; at < to; at += 1)
      lines += `${columns.map((column) => knownAt(column, at) ?? '').join(',')}\r\n`;
    yield lines;
  }
}
