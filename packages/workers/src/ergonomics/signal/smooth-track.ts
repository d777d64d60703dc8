import { designButterworth, filterZeroPhase } from './butterworth.ts';
import { createOneEuro } from './one-euro.ts';

/**
 * One coordinate over time, smoothed where it lies. Short gaps are bridged by a straight line and say so; long ones stay,
 * and no filter reaches over them.
 */
export interface SmoothingRule {
  readonly method: 'butterworth' | 'one_euro' | 'none';
  readonly cutoffHz: number;
  /** Of One Euro. */
  readonly beta: number;
  /** Longest gap, in seconds between the samples at its edges, that is bridged. */
  readonly bridgeSeconds: number;
  /** Samples further apart are smoothed apart. */
  readonly apartSeconds: number;
}

/** Shorter stretches are left as they are: a filter would mostly see its own start. */
const SHORTEST = 10;
/** Steps that differ by less than this share are even. */
const EVEN = 0.02;

/**
 * @param times seconds, growing.
 * @param values changed in place; NaN where nothing was seen.
 * @returns 1 where the value was bridged, not seen.
 */
export function smoothTrack(times: Float64Array, values: Float64Array, rule: SmoothingRule): Uint8Array {
  const bridged = bridge(times, values, rule.bridgeSeconds);
  for (const [from, to] of stretchesOf(times, values, rule.apartSeconds))
    smoothStretch(times.subarray(from, to), values.subarray(from, to), rule);
  return bridged;
}

function bridge(times: Float64Array, values: Float64Array, longest: number): Uint8Array {
  const bridged = new Uint8Array(values.length);
  let last: number | undefined;
  for (const [at, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    if (last !== undefined && at - last > 1) {
      const start = values[last] ?? 0;
      const [from, to] = [times[last] ?? 0, times[at] ?? 0];
      if (to - from <= longest) {
        for (let index = last + 1; index < at; index += 1) {
          values[index] = start + ((value - start) * ((times[index] ?? 0) - from)) / (to - from);
          bridged[index] = 1;
        }
      }
    }
    last = at;
  }
  return bridged;
}

/** Runs of known values, `[from, to)`, whose samples lie no further apart than `longest`. */
function* stretchesOf(
  times: Float64Array,
  values: Float64Array,
  longest: number,
): Generator<[number, number]> {
  let from = 0;
  for (let at = 0; at <= values.length; at += 1) {
    const isKnown = at < values.length && !Number.isNaN(values[at]);
    const isNext = isKnown && (at === from || (times[at] ?? 0) - (times[at - 1] ?? 0) <= longest);
    if (isNext) continue;
    if (at > from) yield [from, at];
    from = isKnown ? at : at + 1;
  }
}

function smoothStretch(times: Float64Array, values: Float64Array, rule: SmoothingRule): void {
  if (rule.method === 'none' || values.length < SHORTEST) return;
  if (rule.method === 'one_euro') {
    const filter = createOneEuro({ minCutoffHz: rule.cutoffHz, beta: rule.beta });
    for (const [at, value] of values.entries()) values[at] = filter(times[at] ?? 0, value);
    return;
  }
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const step = (last - first) / (times.length - 1);
  // Pictures that come too rarely hold nothing that this filter would take away.
  if (rule.cutoffHz >= 0.5 / step) return;
  const section = designButterworth(rule.cutoffHz, 1 / step);
  const isEven = times.every((t, at) => Math.abs(t - first - at * step) <= EVEN * step);
  if (isEven) {
    values.set(filterZeroPhase(values, section));
    return;
  }
  const even = times.map((_, at) => first + at * step);
  values.set(resample(even, filterZeroPhase(resample(times, values, even), section), times));
}

/** Values between those at `times`, by straight lines, at the `wanted` times; both grow. */
function resample(times: Float64Array, values: Float64Array, wanted: Float64Array): Float64Array {
  let at = 0;
  return wanted.map((t) => {
    while (at < times.length - 2 && (times[at + 1] ?? 0) < t) at += 1;
    const [from = 0, to = 0] = [times[at], times[at + 1]];
    const [a = 0, b = 0] = [values[at], values[at + 1]];
    const share = to > from ? Math.min(Math.max((t - from) / (to - from), 0), 1) : 0;
    return a + (b - a) * share;
  });
}
