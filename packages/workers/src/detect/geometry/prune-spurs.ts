// Spurs: side branches that thinning grows towards corners and bumps of the outline. A branch stays only if
// it leads out of the shape's body by at least the body's own half width.
import type { Grid } from './grid.ts';
import { neighbourSteps } from './neighbourhood.ts';
import { degree, walkChain } from './skeleton.ts';
import { removeRedundant } from './thinning.ts';

/** In a thin line the grain of the pixels alone makes steps and bumps of two pixels. */
const LEAST_REACH = 3;

/**
 * Removes spurs from the skeleton drawn in `grid.set`; needs `grid.squared`. Returns the pixels that are left,
 * never none. All spurs of a round go together, so that the two tips of a forked end don't take turns
 * in passing for the real one; rounds repeat because a branch may become a spur when its own spurs are gone.
 */
export function pruneSpurs(grid: Grid, skeleton: Int32Array): Int32Array {
  const { set } = grid;
  let pixels = skeleton;
  for (;;) {
    const ends = pixels.filter((p) => degree(grid, p) === 1);
    const junctions = new Set<number>();
    const doomed: number[] = [];
    for (const end of ends) {
      const spur = findSpur(grid, end);
      if (spur === null) continue;
      junctions.add(spur.junction);
      doomed.push(...spur.pixels);
    }
    if (doomed.length === 0) return pixels;
    for (const p of doomed) set[p] = 0;
    for (const junction of junctions) {
      const around = Array.from(neighbourSteps(grid), (step) => junction + step);
      removeRedundant(grid, [junction, ...around]);
    }
    pixels = pixels.filter((p) => set[p] === 1);
  }
}

/** The branch from an end to its junction (without it), or null where it is worth keeping. */
function findSpur(grid: Grid, end: number): { junction: number; pixels: number[] } | null {
  const steps = neighbourSteps(grid);
  const step = steps.find((candidate) => grid.set[end + candidate] === 1);
  if (step === undefined) return null;
  const chain = walkChain(grid, end, end + step);
  const junction = chain.pixels.at(-1) as number;
  if (degree(grid, junction) < 3) return null;
  const body = Math.sqrt(grid.squared[junction] as number);
  const tip = Math.sqrt(grid.squared[end] as number);
  // How far the tip's disk reaches beyond the junction's.
  const reach = chain.length + tip - body;
  return reach < Math.max(body, LEAST_REACH) ? { junction, pixels: chain.pixels.slice(0, -1) } : null;
}
