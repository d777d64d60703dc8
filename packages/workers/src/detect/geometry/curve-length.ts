// Length of a digital curve. Steps of 1 and sqrt 2 read up to 8 % too much between the eight directions, so
// the points are first replaced by moving means of their neighbours along the curve.

/** Points before and after that take part in a mean: 5 keeps straight, bent and wavy bars within 2 %. */
const HALF_WINDOW = 5;
/** A closed curve has at least this many points per half window, so small loops stay loops. */
const POINTS_PER_HALF_WINDOW = 10;

/** Points of a curve in order. */
export interface Curve {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
}

/** The moving means of an open curve; its ends stay where they are, the windows shrink towards them. */
export function smoothOpen({ xs, ys }: Curve): Curve {
  const last = xs.length - 1;
  const halfWindow = (i: number): number => Math.min(HALF_WINDOW, i, last - i);
  return { xs: movingMeans(xs, 0, halfWindow), ys: movingMeans(ys, 0, halfWindow) };
}

/** Length of an open curve after smoothing. */
export function openLength(curve: Curve): number {
  return polylineLength(smoothOpen(curve));
}

/**
 * Length of a closed curve after smoothing, its first point not repeated. A mean pulls a closed curve
 * inwards; what a second mean takes away once more is added back (Tukey's twicing).
 */
export function closedLength({ xs, ys }: Curve, halfWindow = HALF_WINDOW): number {
  const half = Math.min(halfWindow, Math.floor(xs.length / POINTS_PER_HALF_WINDOW));
  const smooth = (values: ArrayLike<number>): Float64Array => {
    const once = movingMeans(values, half, () => half);
    const twice = movingMeans(once, half, () => half);
    const points = new Float64Array(once.length + 1);
    for (let i = 0; i < once.length; i++) points[i] = 2 * (once[i] as number) - (twice[i] as number);
    points[once.length] = points[0] as number;
    return points;
  };
  return polylineLength({ xs: smooth(xs), ys: smooth(ys) });
}

/** Length of the straight lines between the points from index `first` to index `last`. */
export function polylineLength({ xs, ys }: Curve, first = 0, last = xs.length - 1): number {
  let length = 0;
  for (let i = first + 1; i <= last; i++) {
    const dx = (xs[i] as number) - (xs[i - 1] as number);
    const dy = (ys[i] as number) - (ys[i - 1] as number);
    length += Math.sqrt(dx * dx + dy * dy);
  }
  return length;
}

/** Means over i - half .. i + half; values are taken round the end as far as `overlap` places. */
function movingMeans(
  values: ArrayLike<number>,
  overlap: number,
  halfWindow: (i: number) => number,
): Float64Array {
  const n = values.length;
  const sums = new Float64Array(n + 2 * overlap + 1);
  let sum = 0;
  for (let k = -overlap; k < n + overlap; k++) {
    const i = k < 0 ? k + n : k < n ? k : k - n;
    sum += values[i] as number;
    sums[k + overlap + 1] = sum;
  }
  const means = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const half = halfWindow(i);
    const inside = (sums[i + overlap + half + 1] as number) - (sums[i + overlap - half] as number);
    means[i] = inside / (2 * half + 1);
  }
  return means;
}
