// Holes of a component: background closed in by its pixels (4-connected, as fits 8-connected shapes).
import type { Component } from './components.ts';
import { createSets, findRoot, joinSets } from './disjoint-sets.ts';

/**
 * The component's runs with every hole of at most `greatestArea` pixels filled. Works on the gaps between
 * neighbouring runs of a row; a gap is open when it meets, in the row above or below, the space beside the
 * outermost runs.
 */
export function fillHoles(component: Component, greatestArea: number): Int32Array {
  const { runs } = component;
  const count = runs.length / 3;
  // Gap i lies between runs i and i + 1 of one row; number `count` is everything outside.
  const sets = createSets(count + 1);
  const rows = findRows(runs);
  joinToOutside(sets, rows[0], count);
  joinToOutside(sets, rows.at(-1), count);
  for (let r = 1; r < rows.length; r++) joinRows(sets, runs, rows[r - 1] as Row, rows[r] as Row, count);
  const areas = new Int32Array(count + 1);
  const gapArea = (i: number): number =>
    runs[i * 3] === runs[i * 3 + 3] ? (runs[i * 3 + 4] as number) - (runs[i * 3 + 2] as number) : 0;
  for (let i = 0; i < count; i++) {
    const root = findRoot(sets, i);
    areas[root] = (areas[root] as number) + gapArea(i);
  }
  const outside = findRoot(sets, count);
  const filled: number[] = [];
  for (let i = 0; i < count; i++) {
    const root = i === 0 ? outside : findRoot(sets, i - 1);
    const closes = i > 0 && gapArea(i - 1) > 0 && root !== outside && (areas[root] as number) <= greatestArea;
    if (closes) filled[filled.length - 1] = runs[i * 3 + 2] as number;
    else filled.push(runs[i * 3] as number, runs[i * 3 + 1] as number, runs[i * 3 + 2] as number);
  }
  return Int32Array.from(filled);
}

/** Numbers of the first run of a row and of the first run after it. */
type Row = readonly [first: number, end: number];

function findRows(runs: Int32Array): Row[] {
  const count = runs.length / 3;
  const rows: Row[] = [];
  for (let first = 0; first < count; ) {
    let end = first + 1;
    while (end < count && runs[end * 3] === runs[first * 3]) end++;
    rows.push([first, end]);
    first = end;
  }
  return rows;
}

/** Above the first row and below the last one everything is outside. */
function joinToOutside(sets: Int32Array, row: Row | undefined, outside: number): void {
  if (row === undefined) return;
  for (let gap = row[0]; gap < row[1] - 1; gap++) joinSets(sets, gap, outside);
}

function joinRows(sets: Int32Array, runs: Int32Array, above: Row, below: Row, outside: number): void {
  joinExposed(sets, runs, above, below, outside);
  joinExposed(sets, runs, below, above, outside);
  let a = above[0];
  let b = below[0];
  while (a < above[1] - 1 && b < below[1] - 1) {
    const aEnd = runs[a * 3 + 4] as number;
    const bEnd = runs[b * 3 + 4] as number;
    if ((runs[a * 3 + 2] as number) < bEnd && (runs[b * 3 + 2] as number) < aEnd) joinSets(sets, a, b);
    if (aEnd < bEnd) a++;
    else b++;
  }
}

/** Joins gaps of `row` that reach past the outermost runs of the row beside it to the outside. */
function joinExposed(sets: Int32Array, runs: Int32Array, row: Row, beside: Row, outside: number): void {
  const start = runs[beside[0] * 3 + 1] as number;
  const end = runs[beside[1] * 3 - 1] as number;
  for (let gap = row[0]; gap < row[1] - 1; gap++) {
    const exposed = (runs[gap * 3 + 2] as number) < start || (runs[gap * 3 + 4] as number) > end;
    if (exposed) joinSets(sets, gap, outside);
  }
}
