// Filter weights of one axis, as Pillow's `Resample.c` computes them: the filter is stretched by the
// shrink factor (antialiasing), cut at the picture's edge, normalised, and rounded to 22-bit fixed point.
// Every step keeps Pillow's order of operations; a different rounding shows up in single grey levels.

export type ResampleFilter = 'box' | 'bilinear' | 'bicubic' | 'lanczos';

/** 32 bits less 8 of the pixel less 2 of headroom for the overshoot of bicubic and Lanczos. */
export const PRECISION_BITS = 22;

/** For each output position: the first input position, the number of taps, and its row of `weights`. */
export interface AxisCoefficients {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** `taps` fixed-point weights per output position. */
  readonly weights: Int32Array;
  readonly taps: number;
  /** Largest of `counts`; at most `taps`. */
  readonly mostTaps: number;
}

interface FilterKernel {
  readonly support: number;
  readonly weightAt: (x: number) => number;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

const BICUBIC_A = -0.5;

function bicubicAt(position: number): number {
  const x = Math.abs(position);
  if (x < 1) return ((BICUBIC_A + 2) * x - (BICUBIC_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * BICUBIC_A;
  return 0;
}

const KERNELS: Readonly<Record<ResampleFilter, FilterKernel>> = Object.freeze({
  box: { support: 0.5, weightAt: (x: number) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weightAt: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weightAt: bicubicAt },
  lanczos: { support: 3, weightAt: (x: number) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
});

/**
 * Weights that resample the input interval [`from`, `to`) of an axis of `inputSize` pixels to
 * `outputSize` pixels. Taps may lie outside the interval, never outside the axis.
 */
export function axisCoefficients(
  filter: ResampleFilter,
  inputSize: number,
  from: number,
  to: number,
  outputSize: number,
): AxisCoefficients {
  const kernel = KERNELS[filter];
  // Pillow holds the interval, and this difference, in single precision.
  const first = Math.fround(from);
  const scale = Math.fround(Math.fround(to) - first) / outputSize;
  const stretch = Math.max(scale, 1);
  const support = kernel.support * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * taps);
  const raw = new Float64Array(taps);
  const inverse = 1 / stretch;
  for (let out = 0; out < outputSize; out++) {
    const center = first + (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = kernel.weightAt((tap + start - center + 0.5) * inverse);
      raw[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap++) {
      const weight = raw[tap] ?? 0;
      weights[out * taps + tap] = toFixedPoint(sum === 0 ? weight : weight / sum);
    }
    starts[out] = start;
    counts[out] = count;
  }
  return {
    starts,
    counts,
    weights,
    taps,
    mostTaps: counts.reduce((most, count) => Math.max(most, count), 0),
  };
}

/** Of `count` output positions from `from` on. */
export function sliceAxis(axis: AxisCoefficients, from: number, count: number): AxisCoefficients {
  const { starts, counts, weights, taps } = axis;
  return {
    ...axis,
    starts: starts.subarray(from, from + count),
    counts: counts.subarray(from, from + count),
    weights: weights.subarray(from * taps, (from + count) * taps),
  };
}

function toFixedPoint(weight: number): number {
  const scaled = weight * (1 << PRECISION_BITS);
  return Math.trunc(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}
