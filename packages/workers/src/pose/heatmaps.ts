/**
 * Places of keypoints in heat maps, finer than the maps' cells: the largest value, moved to the top of the paraboloid that
 * fits the logarithm around it (DARK; Zhang et al., CVPR 2020). As transformers' `post_process_pose_estimation` computes
 * it: maps blurred with a Gaussian of sigma 0.8 over 11 cells and mirrored edges, cut to 0.001 … 50, quadratic step.
 */
export interface Peak {
  /** Cells from the middle of the first one. */
  readonly x: number;
  readonly y: number;
  /** The map's own largest value. */
  readonly value: number;
}

const RADIUS = 5;
const SIGMA = 0.8;
const LEAST = 0.001;
const MOST = 50;
const EPSILON = 2 ** -23;
/** The top of what was a peak lies within a cell of its largest value; farther off there was no peak. */
const LONGEST_STEP = 1.5;

const KERNEL = (() => {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, at) =>
    Math.exp((-0.5 / SIGMA ** 2) * (at - RADIUS) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
})();

/** @param map one keypoint's, row by row. */
export function findPeak(map: Float32Array, width: number, height: number): Peak {
  let best = 0;
  for (let at = 1; at < map.length; at++) if ((map[at] as number) > (map[best] as number)) best = at;
  const value = map[best] ?? 0;
  const x = best % width;
  const y = Math.floor(best / width);
  if (!(value > 0)) return { x, y, value };
  const [dx, dy] = refine(logAround(map, width, height, x, y));
  const isPeak = Math.abs(dx) <= LONGEST_STEP && Math.abs(dy) <= LONGEST_STEP;
  return isPeak ? { x: x - dx, y: y - dy, value } : { x, y, value };
}

type Nine = [number, number, number, number, number, number, number, number, number];

/** The Taylor step, to be taken off. */
function refine([a, b, , d, e, f, , h, i]: Nine): [number, number] {
  const dx = 0.5 * (f - d);
  const dy = 0.5 * (h - b);
  const dxx = f - 2 * e + d + EPSILON;
  const dyy = h - 2 * e + b + EPSILON;
  const dxy = 0.5 * (i - f - h + e + e - d - b + a);
  const determinant = dxx * dyy - dxy * dxy;
  if (determinant === 0) return [0, 0];
  return [(dyy * dx - dxy * dy) / determinant, (dxx * dy - dxy * dx) / determinant];
}

/** Logarithm of the blurred map in the three by three cells around a place; only these of the map are blurred. */
function logAround(map: Float32Array, width: number, height: number, x: number, y: number): Nine {
  const columns = [clamp(x - 1, width), x, clamp(x + 1, width)];
  const rows = [clamp(y - 1, height), y, clamp(y + 1, height)];
  // Down first, then across, each rounded to single precision, as scipy does it.
  const reach = Array.from({ length: 2 * RADIUS + 3 }, (_, at) => mirror(x - RADIUS - 1 + at, width));
  const logs = rows.map((row) => {
    const line = reach.map((column) => {
      let sum = 0;
      for (let at = -RADIUS; at <= RADIUS; at++)
        sum += (KERNEL[at + RADIUS] as number) * (map[mirror(row + at, height) * width + column] as number);
      return Math.fround(sum);
    });
    return columns.map((column) => {
      let sum = 0;
      for (let at = -RADIUS; at <= RADIUS; at++)
        sum += (KERNEL[at + RADIUS] as number) * (line[column + at - (x - RADIUS - 1)] as number);
      return Math.fround(Math.log(Math.min(Math.max(Math.fround(sum), LEAST), MOST)));
    });
  });
  return logs.flat() as Nine;
}

function clamp(at: number, size: number): number {
  return Math.min(Math.max(at, 0), size - 1);
}

/** d c b a | a b c d | d c b a */
function mirror(at: number, size: number): number {
  const period = 2 * size;
  const wrapped = ((at % period) + period) % period;
  return wrapped < size ? wrapped : period - 1 - wrapped;
}
