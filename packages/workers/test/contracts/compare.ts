import type { RgbImage } from '../../src/media/raster.ts';

/** Largest difference of two rows of numbers of one length. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  let most = 0;
  for (let at = 0; at < a.length; at += 1) {
    const difference = Math.abs((a[at] as number) - (b[at] as number));
    // A NaN on one side must not pass for agreement.
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/** Largest absolute value, beside which a difference is to be seen. */
export const scaleOf = (values: ArrayLike<number>): number =>
  maxDifference(values, new Float32Array(values.length));

/** Largest difference in levels, and the part of the values that differ at all. */
export function levelsOff(a: RgbImage, b: RgbImage): { most: number; part: number } {
  if (a.width !== b.width || a.height !== b.height)
    throw new Error(`${a.width} x ${a.height} pixels against ${b.width} x ${b.height}`);
  let count = 0;
  for (let at = 0; at < a.data.length; at += 1) if (a.data[at] !== b.data[at]) count += 1;
  return { most: maxDifference(a.data, b.data), part: count / a.data.length };
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  let [dot, left, right] = [0, 0, 0];
  for (let at = 0; at < a.length; at += 1) {
    const [x, y] = [a[at] as number, b[at] as number];
    dot += x * y;
    left += x * x;
    right += y * y;
  }
  return dot / Math.sqrt(left * right);
}

/** Rows of `measure: value`, printed as a table when all is through. */
export interface Report {
  add(architecture: string, stage: string, measure: string, value: number, limit?: string): void;
  print(): void;
}

export function createReport(): Report {
  const rows: string[][] = [['architecture', 'stage', 'measure', 'worst', 'limit']];
  const keys = new Map<string, { row: string[]; value: number }>();
  return {
    add(architecture, stage, measure, value, limit = '') {
      const key = [architecture, stage, measure].join('|');
      const known = keys.get(key);
      const isWorse = measure.startsWith('least')
        ? value < (known?.value ?? 9)
        : value > (known?.value ?? -1);
      if (known && !isWorse) return;
      const row = known?.row ?? [architecture, stage, measure, '', limit];
      row[3] = format(value);
      keys.set(key, { row, value });
      if (!known) rows.push(row);
    },
    print() {
      if (rows.length === 1) return;
      const widths = [0, 1, 2, 3, 4].map((column) =>
        Math.max(...rows.map((row) => row[column]?.length ?? 0)),
      );
      const lines = rows.map((row) =>
        row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd(),
      );
      console.log(lines.join('\n'));
    },
  };
}

function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.01 ? value.toExponential(1) : value.toFixed(3);
}
