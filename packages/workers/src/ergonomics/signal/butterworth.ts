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
export function filterZeroPhase(values: readonly number[], section: Section): number[] {
  const pad = Math.min(PADDING, values.length - 1);
  if (pad < 1) return [...values];
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  const before = values
    .slice(1, pad + 1)
    .toReversed()
    .map((value) => 2 * first - value);
  const after = values
    .slice(-pad - 1, -1)
    .toReversed()
    .map((value) => 2 * last - value);
  const forward = filterOnce([...before, ...values, ...after], section);
  return filterOnce(forward.toReversed(), section).toReversed().slice(pad, -pad);
}

/** Starts as if the first value had been there for ever. */
function filterOnce(values: readonly number[], { b: [b0, b1, b2], a: [a1, a2] }: Section): number[] {
  const [start = 0] = values;
  let second = (b2 - a2) * start;
  let first = (b1 - a1) * start + second;
  return values.map((value) => {
    const out = b0 * value + first;
    first = b1 * value - a1 * out + second;
    second = b2 * value - a2 * out;
    return out;
  });
}
