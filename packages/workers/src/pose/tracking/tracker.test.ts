import { expect, test } from 'vitest';
import {
  type IdentityFigures,
  judgeIdentities,
  type SceneOptions,
  simulate,
  type Walker,
} from './simulated-people.ts';
import { type Find, NO_TRACKS, type TrackEnd, type TrackerState, trackSample } from './tracker.ts';

const line =
  (from: number, to: number, seconds: number, y = 600, height = 300): Walker['at'] =>
  (time) => ({ x: from + ((to - from) * time) / seconds, y, height });

/** Comes to a place, stays a moment, goes back. */
const visit =
  (from: number, to: number, seconds: number, y: number): Walker['at'] =>
  (time) => {
    const way = Math.min(1, Math.max(0, 1.4 * (1 - Math.abs((2 * time) / seconds - 1))));
    return { x: from + (to - from) * way, y, height: 300 };
  };

const RED_BLUE = [48, 3] as const;
const GREEN_GREY = [12, 21] as const;
const WHITE_BLACK = [63, 0] as const;

const SCENES: Record<string, readonly Walker[]> = {
  'two cross': [
    { at: line(150, 1150, 8), wears: RED_BLUE },
    { at: line(1150, 150, 8, 630, 310), wears: GREEN_GREY },
  ],
  'one overtakes the other': [
    { at: line(250, 800, 8), wears: RED_BLUE },
    { at: line(100, 1150, 8, 640, 320), wears: GREEN_GREY },
  ],
  'two meet and turn back': [
    { at: visit(150, 660, 8, 600), wears: RED_BLUE },
    { at: visit(1150, 640, 8, 625), wears: GREEN_GREY },
  ],
  'three at once': [
    { at: line(100, 1150, 8), wears: RED_BLUE },
    { at: line(1150, 100, 8, 630, 310), wears: GREEN_GREY },
    { at: line(640, 600, 8, 660, 330), wears: WHITE_BLACK },
  ],
  'one leaves for two seconds': [
    {
      at: (time) =>
        time > 3 && time < 5 ? undefined : { x: 1250 - Math.abs(time - 4) * 150, y: 600, height: 300 },
      wears: RED_BLUE,
    },
    { at: line(300, 400, 8, 610), wears: GREEN_GREY },
  ],
};

function run(options: SceneOptions): IdentityFigures {
  const samples = simulate(options);
  let state = NO_TRACKS;
  const followed = samples.map(({ timeMs, finds }) => {
    const result = trackSample(state, timeMs, finds);
    state = result.state;
    return result.followed.map(({ id, find }) => ({ id, box: (finds[find] as Find).box }));
  });
  return judgeIdentities(samples, followed);
}

function average(scene: readonly Walker[], samplesPerSecond: number, hasCues = true) {
  const runs = Array.from({ length: 10 }, (_, seed) =>
    run({ walkers: scene, seconds: 8, samplesPerSecond, seed: seed + 1, hasCues }),
  );
  return {
    idf1: runs.reduce((sum, { idf1 }) => sum + idf1, 0) / runs.length,
    switches: runs.reduce((sum, { switches }) => sum + switches, 0),
  };
}

test.each(Object.entries(SCENES))(
  'people keep their numbers where %s, at any rate of samples',
  (_, scene) => {
    for (const samplesPerSecond of [5, 10, 25]) {
      const { idf1, switches } = average(scene, samplesPerSecond);
      expect(idf1).toBeGreaterThan(0.96);
      expect(switches).toBeLessThanOrEqual(1);
    }
  },
);

test('colours and postures are what keeps people apart where boxes alone do not', () => {
  const switches = (hasCues: boolean) =>
    Object.values(SCENES).reduce((sum, scene) => sum + average(scene, 10, hasCues).switches, 0);
  expect(switches(false)).toBeGreaterThan(8);
  expect(switches(true)).toBeLessThanOrEqual(2);
});

const walk = (x: number, score = 0.9): Find => ({
  box: { x_min: x, x_max: x + 100, y_min: 100, y_max: 400 },
  score,
});

/** Samples ten times a second. */
function follow(finds: readonly (readonly Find[])[], state: TrackerState = NO_TRACKS) {
  return finds.map((sample, at) => {
    const result = trackSample(state, (state.timeMs ?? -100) + 100, sample);
    state = result.state;
    return { ...result, at };
  });
}

test('somebody who hides for a moment keeps their number, and nobody is reported meanwhile', () => {
  const seen = follow([[walk(100)], [walk(110)], [walk(120)], [], [], [], [], [walk(170)], [walk(180)]]);
  expect(seen.map(({ followed }) => followed.map(({ id }) => id))).toEqual([
    ...[[1], [1], [1], [], [], [], [], [1], [1]],
  ]);
  expect(seen.flatMap(({ started }) => started)).toEqual([1]);
  expect(seen.flatMap(({ ended }) => ended)).toEqual([]);
});

test('somebody who stays away ends, with the time when they were last seen, and comes back as another', () => {
  const gone = Array.from({ length: 45 }, () => []);
  const seen = follow([[walk(100)], [walk(110)], ...gone, [walk(900)], [walk(905)]]);
  expect(seen.flatMap(({ ended }): readonly TrackEnd[] => ended)).toEqual([
    { id: 1, firstMs: 0, lastMs: 100 },
  ]);
  expect(seen.at(-1)?.followed).toEqual([{ id: 2, find: 0 }]);
});

test('a find that is not made again gets no number; one that is has it from the second time on', () => {
  const seen = follow([
    [walk(100)],
    [walk(105), walk(700)],
    [walk(110)],
    [walk(115), walk(500)],
    [walk(120), walk(505)],
  ]);
  expect(seen.map(({ followed }) => followed.map(({ id }) => id))).toEqual([[1], [1], [1], [1], [1, 2]]);
});

test('an unsure find carries on what is followed and begins nothing', () => {
  const seen = follow([[walk(100)], [walk(105, 0.3), walk(700, 0.3)], [walk(110, 0.3), walk(700, 0.3)]]);
  expect(seen.map(({ followed }) => followed)).toEqual([
    [{ id: 1, find: 0 }],
    [{ id: 1, find: 0 }],
    [{ id: 1, find: 0 }],
  ]);
});

test('two finds of one person are one person', () => {
  const pose = (x: number) =>
    Array.from({ length: 17 }, (_, at) => [x + (at % 3) * 20, 110 + at * 15, 0.9] as const);
  const first: Find = { ...walk(100), keypoints: pose(120) };
  const double: Find = { ...walk(112, 0.6), keypoints: pose(121) };
  const beside: Find = { ...walk(112, 0.6), keypoints: pose(260) };
  expect(follow([[first, double]]).at(-1)?.followed).toEqual([
    { id: 1, find: 0, keypoints: first.keypoints },
  ]);
  expect(follow([[first, beside]]).at(-1)?.followed).toHaveLength(2);
});

test('a sample that is not later than the last one is refused', () => {
  const state = follow([[walk(100)]])[0]?.state ?? NO_TRACKS;
  expect(() => trackSample(state, 0, [])).toThrow(/can't follow one at 0 ms/);
});
