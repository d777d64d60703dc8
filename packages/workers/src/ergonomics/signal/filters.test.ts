import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { designButterworth, filterZeroPhase } from './butterworth.ts';
import { createOneEuro } from './one-euro.ts';
import { type SmoothingRule, smoothTrack } from './smooth-track.ts';

/** Figures of SciPy and of the One Euro filter's authors; tools/golden/make-ergonomics-filters-golden.py made them. */
interface Golden {
  readonly butterworth: readonly {
    readonly fps: number;
    readonly cutoff_hz: number;
    readonly b: readonly number[];
    readonly a: readonly number[];
    readonly input: readonly number[];
    readonly output: readonly number[];
  }[];
  readonly one_euro: readonly {
    readonly min_cutoff_hz: number;
    readonly beta: number;
    readonly times: readonly number[];
    readonly input: readonly number[];
    readonly output: readonly number[];
  }[];
}
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../testdata/${name}.json`, import.meta.url), 'utf8'));
const golden = read('filters-golden') as Golden;
const published = read('published-cases').filters[0] as {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly tolerance: number;
};

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - (b[at] ?? Number.NaN))));

describe('Butterworth', () => {
  test.each(golden.butterworth)('is SciPy’s at $fps Hz with a cutoff of $cutoff_hz Hz', (one) => {
    const section = designButterworth(one.cutoff_hz, one.fps);
    expect(farthest([...section.b, 1, ...section.a], [...one.b, ...one.a])).toBeLessThan(1e-8);
    expect(farthest(filterZeroPhase(one.input, section), one.output)).toBeLessThan(1e-6);
  });

  test('smooths the published step', () => {
    const smooth = filterZeroPhase(published.input, designButterworth(6, 30));
    expect(farthest(smooth, published.output)).toBeLessThan(published.tolerance);
  });

  test('what rests stays, and time that runs backward changes nothing', () => {
    const values = fc.array(fc.double({ min: -500, max: 500, noNaN: true }), {
      minLength: 12,
      maxLength: 60,
    });
    const section = designButterworth(6, 30);
    fc.assert(
      fc.property(values, (list) => {
        const still = list.map(() => list[0] ?? 0);
        expect(farthest(filterZeroPhase(still, section), still)).toBeLessThan(1e-6);
      }),
    );
    // Deep within the signal, where the ends no longer tell.
    const long = golden.butterworth.at(-1)?.input ?? [];
    const there = filterZeroPhase(long, section);
    const back = filterZeroPhase(long.toReversed(), section).toReversed();
    expect(farthest(there.slice(30, -30), back.slice(30, -30))).toBeLessThan(1e-3);
  });
});

test.each(golden.one_euro)('One Euro is that of its authors, $min_cutoff_hz Hz and beta $beta', (one) => {
  const filter = createOneEuro({ minCutoffHz: one.min_cutoff_hz, beta: one.beta });
  const output = one.input.map((value, at) => filter(one.times[at] ?? 0, value));
  expect(farthest(output, one.output)).toBeLessThan(1e-6);
});

describe('tracks with gaps', () => {
  const rule: SmoothingRule = {
    ...{ method: 'butterworth', cutoffHz: 6, beta: 0, bridgeSeconds: 0.5, apartSeconds: 0.5 },
  };
  const times = Array.from({ length: 90 }, (_, at) => at / 30);
  const wave = times.map((t) => 100 + 10 * Math.sin(2 * Math.PI * t));
  const smooth = (at: readonly number[], track: readonly (number | undefined)[], how = rule) => {
    const values = Float64Array.from(track, (value) => value ?? Number.NaN);
    const bridged = smoothTrack(Float64Array.from(at), values, how);
    return {
      values: Array.from(values, (value) => (Number.isNaN(value) ? undefined : value)),
      bridged: Array.from(bridged, (is) => is === 1),
    };
  };
  const hidden = (from: number, to: number) =>
    wave.map((value, at) => (at >= from && at < to ? undefined : value));

  test('short gaps are bridged and marked, long ones stay, and ends are never made up', () => {
    const short = smooth(times, hidden(30, 36), rule);
    expect(short.values.every((value) => value !== undefined)).toBe(true);
    expect(short.bridged.flatMap((is, at) => (is ? [at] : []))).toEqual([30, 31, 32, 33, 34, 35]);
    const long = smooth(times, hidden(30, 60), rule);
    expect(long.values.slice(30, 60).every((value) => value === undefined)).toBe(true);
    expect(long.bridged).not.toContain(true);
    expect(smooth(times, hidden(0, 5), rule).values.slice(0, 5)).toEqual(Array(5).fill(undefined));
  });

  test('nothing reaches over a long gap', () => {
    const other = hidden(30, 60).map((value, at) =>
      at >= 60 && value !== undefined ? value + 1_000 : value,
    );
    const before = (track: readonly (number | undefined)[]) => smooth(times, track, rule).values.slice(0, 30);
    expect(before(other)).toEqual(before(hidden(30, 60)));
  });

  test('a slow movement gets through, also where pictures come unevenly', () => {
    const uneven = times.map((t, at) => t + (at % 3) * 0.008);
    const slow = uneven.map((t) => 100 + 10 * Math.sin(2 * Math.PI * 0.5 * t));
    const { values } = smooth(uneven, slow, rule);
    expect(farthest(slow, values as number[])).toBeLessThan(0.2);
  });

  test('samples that lie apart are smoothed apart, however short the gaps that are bridged', () => {
    const rule: SmoothingRule = {
      ...{ method: 'one_euro', cutoffHz: 1, beta: 0, bridgeSeconds: 0.2, apartSeconds: 0.5 },
    };
    const rare = times.map((_, at) => at * 0.4);
    const { values } = smooth(rare, wave, rule);
    expect(values).not.toEqual(wave);
    expect(smooth(rare, wave, { ...rule, apartSeconds: 0.2 }).values).toEqual(wave);
  });

  test('few samples, or too rare ones, are left as they are', () => {
    const few = smooth(times.slice(0, 8), wave.slice(0, 8), rule);
    expect(few.values).toEqual(wave.slice(0, 8));
    const rare = times.map((_, at) => at);
    expect(smooth(rare, wave, { ...rule, apartSeconds: 3 }).values).toEqual(wave);
  });
});
