// Thinning: from a drawn component to a skeleton one pixel wide with the same connections and holes.
// Method: Guo and Hall 1989, algorithm A1 (parallel, two half passes), looking again only at pixels whose
// neighbourhood changed, so time follows the number of pixels and not pixels times passes. A last sequential
// pass takes what is still redundant, so every skeleton pixel is an end, a link or a junction.
import { type Grid, rowStart } from './grid.ts';
import { GUO_HALL, IS_SIMPLE, NEIGHBOUR_COUNT, neighbourCode, neighbourSteps } from './neighbourhood.ts';

/** Thins `grid.set` in place; returns the indices of the skeleton's pixels in scan order. */
export function thin(grid: Grid, runs: Int32Array): Int32Array {
  const { set, stride } = grid;
  // A half pass must see what changed since it last looked: in the other half, and in its own turn before.
  let older: number[] = [];
  let newer = drawnPixels(grid, runs, (code) => code !== 0xff);
  for (let half: 0 | 1 = 0; older.length + newer.length > 0; half = half === 0 ? 1 : 0) {
    const table = GUO_HALL[half];
    const deleted: number[] = [];
    for (const candidates of [older, newer]) {
      for (const p of candidates) {
        if (set[p] === 1 && table[neighbourCode(set, p, stride)] === 1) deleted.push(p);
      }
    }
    for (const p of deleted) set[p] = 0;
    older = newer;
    newer = neighboursOf(grid, deleted);
  }
  const pixels = Int32Array.from(drawnPixels(grid, runs, () => true));
  removeRedundant(grid, pixels);
  return pixels.filter((p) => set[p] === 1);
}

/**
 * Removes, one after the other, pixels with two or more neighbours whose absence changes no connection. A
 * removal may make a neighbour redundant, so those are looked at again.
 */
export function removeRedundant(grid: Grid, pixels: Iterable<number>): void {
  const { set, stride } = grid;
  const steps = neighbourSteps(grid);
  const queue = [...pixels];
  for (let i = 0; i < queue.length; i++) {
    const p = queue[i] as number;
    if (set[p] !== 1) continue;
    const code = neighbourCode(set, p, stride);
    if (IS_SIMPLE[code] !== 1 || (NEIGHBOUR_COUNT[code] as number) < 2) continue;
    set[p] = 0;
    for (const step of steps) if (set[p + step] === 1) queue.push(p + step);
  }
}

/** Set neighbours of the given pixels, each once. */
function neighboursOf(grid: Grid, pixels: readonly number[]): number[] {
  const { set, mark } = grid;
  const steps = neighbourSteps(grid);
  const found: number[] = [];
  for (const p of pixels) {
    for (const step of steps) {
      const q = p + step;
      if (set[q] !== 1 || mark[q] === 1) continue;
      mark[q] = 1;
      found.push(q);
    }
  }
  for (const q of found) mark[q] = 0;
  return found;
}

function drawnPixels(grid: Grid, runs: Int32Array, accepts: (code: number) => boolean): number[] {
  const { set, stride } = grid;
  const found: number[] = [];
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    const end = row + (runs[i + 2] as number);
    for (let p = row + (runs[i + 1] as number); p < end; p++) {
      if (set[p] === 1 && accepts(neighbourCode(set, p, stride))) found.push(p);
    }
  }
  return found;
}
