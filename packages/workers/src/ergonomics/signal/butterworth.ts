/**
 * Butterworth's low-pass filter of second order, run forward and backward: fourth order in all, and nothing is delayed.
 * The construction of Pose2Sim and Sports2D, and of SciPy's `butter(2, …)` with `filtfilt`. Since both passes take their
 * share, half of an oscillation at the cutoff gets through.
 */
export interface Section {
  readonly b: readonly [number, number, number];
  /** Without the leading 1. */
  readonly a: readonly [number, number];
}

/** @param cutoffHz below half of the sampling rate. */
export function designButterworth(cutoffHz: number, rateHz: number): Section {
  const k = Math.tan((Math.PI * cutoffHz) / rateHz);
  const norm = 1 / (1 + Math.SQRT2 * k + k * k);
  const b0 = k * k * norm;
  return { b: [b0, 2 * b0, b0], a: [2 * (k * k - 1) * norm, (1 - Math.SQRT2 * k + k * k) * norm] };
}

/** Samples that the signal is continued by at both ends, mirrored through its end points. */
const PADDING = 9;

/** @param values evenly spaced in time. */
export function filterZeroPhase(values: ArrayLike<number>, section: Section): Float64Array {
  const { length } = values;
  const pad = Math.min(PADDING, length - 1);
  if (pad < 1) return Float64Array.from(values);
  const at = (index: number) => values[index] ?? 0;
  const [first, last] = [at(0), at(length - 1)];
  const padded = new Float64Array(length + 2 * pad);
  padded.set(values, pad);
  for (let index = 0; index < pad; index += 1) {
    padded[index] = 2 * first - at(pad - index);
    padded[pad + length + index] = 2 * last - at(length - 2 - index);
  }
  for (let pass = 0; pass < 2; pass += 1) {
    filterOnce(padded, section);
    padded.reverse();
  }
  return padded.subarray(pad, -pad);
}

/** In place. Starts as if the first value had been there for ever. */
function filterOnce(values: Float64Array, { b: [b0, b1, b2], a: [a1, a2] }: Section): void {
  const [start = 0] = values;
  let second = (b2 - a2) * start;
  let first = (b1 - a1) * start + second;
  for (const [at, value] of values.entries()) {
    const out = b0 * value + first;
    first = b1 * value - a1 * out + second;
    second = b2 * value - a2 * out;
    values[at] = out;
  }
}
