import type { IndexEntry } from './index-file.ts';

export interface Hit {
  readonly file: string;
  /** Cosine, -1 to 1. */
  readonly score: number;
  /** How far it stands out: 0 for a picture like most, 1 for the best. */
  readonly share: number;
}

/** The pictures nearest to a vector, best first. */
export function rank(entries: readonly IndexEntry[], query: Float32Array, most: number): Hit[] {
  const rows = entries.map(({ file, vector }) => ({ file, score: dot(vector, query) }));
  // Of equals the one that comes first by name, so that the same search shows the same page.
  rows.sort((a, b) => b.score - a.score || (a.file < b.file ? -1 : 1));
  const best = rows[0]?.score ?? 0;
  const usual = rows[Math.floor(rows.length / 2)]?.score ?? 0;
  const span = best - usual;
  return rows.slice(0, most).map(({ file, score }) => ({
    file,
    score,
    share: span > 0 ? Math.min(1, Math.max(0, (score - usual) / span)) : 1,
  }));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
