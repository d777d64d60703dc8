import { designButterworth, filterZeroPhase } from './butterworth.ts';
import { createOneEuro } from './one-euro.ts';

/**
 * One coordinate over time, smoothed. Short gaps are bridged by a straight line and say so; long ones stay, and no filter
 * reaches over them.
 */
export interface SmoothingRule {
  readonly method: 'butterworth' | 'one_euro' | 'none';
  readonly cutoffHz: number;
  /** Of One Euro. */
  readonly beta: number;
  /** Longest gap, in seconds between the samples at its edges, that is bridged. */
  readonly bridgeSeconds: number;
}

export type Track = readonly (number | undefined)[];

export interface SmoothTrack {
  readonly values: Track;
  /** Where the value was bridged, not seen. */
  readonly bridged: readonly boolean[];
}

/** Shorter stretches are left as they are: a filter would mostly see its own start. */
const SHORTEST = 10;
/** Steps that differ by less than this share are even. */
const EVEN = 0.02;

export function smoothTrack(times: readonly number[], track: Track, rule: SmoothingRule): SmoothTrack {
  const values = [...track];
  const bridged = track.map(() => false);
  bridge(times, values, bridged, rule.bridgeSeconds);
  for (const [from, to] of stretchesOf(times, values, rule.bridgeSeconds)) {
    const smooth = smoothStretch(times.slice(from, to), values.slice(from, to) as number[], rule);
    for (const [index, value] of smooth.entries()) values[from + index] = value;
  }
  return { values, bridged };
}

function bridge(
  times: readonly number[],
  values: (number | undefined)[],
  bridged: boolean[],
  longest: number,
): void {
  let last: number | undefined;
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    const start = last === undefined ? undefined : values[last];
    if (last !== undefined && start !== undefined && at - last > 1) {
      const [from, to] = [times[last] ?? 0, times[at] ?? 0];
      if (to - from <= longest) {
        for (let index = last + 1; index < at; index += 1) {
          values[index] = start + ((value - start) * ((times[index] ?? 0) - from)) / (to - from);
          bridged[index] = true;
        }
      }
    }
    last = at;
  }
}

/** Runs of known values, `[from, to)`, whose samples lie no further apart than what is bridged. */
function stretchesOf(times: readonly number[], values: Track, longest: number): [number, number][] {
  const runs: [number, number][] = [];
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    const run = runs.at(-1);
    const isNext = run !== undefined && run[1] === at && (times[at] ?? 0) - (times[at - 1] ?? 0) <= longest;
    if (isNext) run[1] = at + 1;
    else runs.push([at, at + 1]);
  }
  return runs;
}

function smoothStretch(times: readonly number[], values: readonly number[], rule: SmoothingRule): number[] {
  if (rule.method === 'none' || values.length < SHORTEST) return [...values];
  if (rule.method === 'one_euro') {
    const filter = createOneEuro({ minCutoffHz: rule.cutoffHz, beta: rule.beta });
    return values.map((value, at) => filter(times[at] ?? 0, value));
  }
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const step = (last - first) / (times.length - 1);
  // Pictures that come too rarely hold nothing that this filter would take away.
  if (rule.cutoffHz >= 0.5 / step) return [...values];
  const section = designButterworth(rule.cutoffHz, 1 / step);
  const isEven = times.every((t, at) => Math.abs(t - first - at * step) <= EVEN * step);
  if (isEven) return filterZeroPhase(values, section);
  const even = times.map((_, at) => first + at * step);
  return resample(even, filterZeroPhase(resample(times, values, even), section), times);
}

/** Values between those at `times`, by straight lines, at the `wanted` times; both grow. */
export function resample(
  times: readonly number[],
  values: readonly number[],
  wanted: readonly number[],
): number[] {
  let at = 0;
  return wanted.map((t) => {
    while (at < times.length - 2 && (times[at + 1] ?? 0) < t) at += 1;
    const [from = 0, to = 0] = [times[at], times[at + 1]];
    const [a = 0, b = 0] = [values[at], values[at + 1]];
    const share = to > from ? Math.min(Math.max((t - from) / (to - from), 0), 1) : 0;
    return a + (b - a) * share;
  });
}
