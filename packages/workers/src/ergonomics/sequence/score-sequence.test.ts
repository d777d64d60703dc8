import { describe, expect, test } from 'vitest';
import { runAction } from '../actions.ts';
import type { Keypoint } from '../pose/layouts.ts';
import type { SequenceResult } from '../results/result.ts';
import { drawMannequin, type MannequinAngles } from './mannequin.ts';

/** A drawn body does what is known; its scores, times and stretches have to come out. */
const UPRIGHT: MannequinAngles = { trunk: 0, neck: 5, leftArm: 5, rightArm: 5, elbow: 80, knee: 0 };

/** Reproducible noise of some pixels, so that tests are the same each time. */
function createNoise(pixels: number) {
  let state = 7;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state / 2_147_483_648 - 0.5) * 2 * pixels;
  };
}

function record(
  seconds: number,
  rate: number,
  at: (t: number) => Partial<MannequinAngles> | null,
  pixels = 0,
) {
  const noise = createNoise(pixels);
  return Array.from({ length: Math.round(seconds * rate) }, (_, index) => {
    const t = index / rate;
    const angles = at(t);
    return { t, keypoints: angles && drawMannequin({ ...UPRIGHT, ...angles }, noise) };
  });
}
const score = async (frames: unknown, more: object = {}) =>
  (await runAction({ action: 'score_sequence', layout: 'coco17', frames, ...more })) as SequenceResult & {
    files: { name: string; base64: string }[];
  };
const column = ({ samples }: SequenceResult, name: string) => (samples[name] ?? []) as (number | null)[];

test('angles of a noisy body are those that were drawn', async () => {
  const trunkAt = (t: number) => 35 - 25 * Math.cos((2 * Math.PI * t) / 6);
  const result = await score(
    record(12, 25, (t) => ({ trunk: trunkAt(t), leftArm: 60 }), 2),
    { settings: { smoothing_cutoff_hz: 3 } },
  );
  const errors = column(result, 'trunk_flexion').map((trunk, at) =>
    Math.abs((trunk ?? Number.NaN) - trunkAt(column(result, 't')[at] ?? 0)),
  );
  const sorted = errors.toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(0.5);
  expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(1.5);
});

test('time per level and per band is that of the postures, left and right apart', async () => {
  // Ten seconds upright, ten bent by 70 degrees with the right arm raised.
  const bent = { trunk: 70, rightArm: 100 };
  const { summary } = await score(
    record(20, 20, (t) => (t < 10 ? {} : bent)),
    {
      settings: { smoothing: 'none' },
    },
  );
  expect(summary.seconds).toMatchObject({ not_scored: 0, partial: 0, bridged: 0 });
  expect(summary.seconds.total).toBeCloseTo(20, 6);
  const trunk = summary.bands.find(
    ({ scheme, joint }) => scheme === 'en_1005_4' && joint === 'trunk_flexion',
  );
  expect(trunk?.bands.map(({ seconds }) => Math.round(seconds * 10) / 10)).toEqual([0, 10, 0, 10]);
  expect(trunk?.bands.map(({ seconds_in_long: long }) => Math.round(long))).toEqual([0, 10, 0, 10]);
  expect(summary.right.highest_rula).toBeGreaterThan(summary.left.highest_rula ?? 9);
  expect(summary.worse_side.highest_rula).toBe(summary.right.highest_rula);
  expect(summary.worst_moments[0]).toMatchObject({ rank: 1, side: 'right', from: 10 });
  // The rapid change itself and the posture after it; to stand upright is no bad moment.
  expect(summary.worst_moments).toHaveLength(2);
  const shares = summary.worse_side.reba.map(({ share }) => share);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
});

test('a body that looks to the other side has the same scores', async () => {
  const frames = record(6, 10, (t) => ({ trunk: 8 * t, leftArm: 10 * t }));
  const mirrored = frames.map(({ t, keypoints }) => ({
    t,
    keypoints: keypoints?.map((point: Keypoint) => point && [800 - (point[0] ?? 0), point[1], point[2]]),
  }));
  const [one, other] = [await score(frames), await score(mirrored)];
  expect(other.summary).toEqual(one.summary);
  expect(column(one, 'trunk_flexion').at(-1)).toBeGreaterThan(40);
});

test('a body bent to the floor, its face down, still looks to where it bends', async () => {
  const result = await score(record(4, 10, (t) => ({ trunk: 40 * t > 110 ? 110 : 40 * t, neck: 30 })));
  const trunk = column(result, 'trunk_flexion');
  expect(trunk.at(-1)).toBeCloseTo(110, 0);
  expect(Math.min(...trunk.map((degrees) => degrees ?? 0))).toBeGreaterThan(-2);
});

describe('time around a sample', () => {
  test('a posture held for longer than a minute adds to RULA and REBA', async () => {
    const short = await score(record(55, 5, () => ({ trunk: 30 })));
    const long = await score(record(70, 5, () => ({ trunk: 30 })));
    expect(short.summary.static).toEqual({ body: [], left_arm: [], right_arm: [] });
    expect(long.summary.static.body).toHaveLength(1);
    expect(column(long, 'reba')[100]).toBe((column(short, 'reba')[100] ?? 0) + 1);
    expect(column(long, 'rula')[100]).toBeGreaterThan(column(short, 'rula')[100] ?? 9);
  });

  test('what is rapid at the very end counts no longer than the recording is', async () => {
    const { summary } = await score(record(12, 10, (t) => ({ trunk: t < 10 ? 0 : 70 })));
    const [rapid, ...more] = summary.rapid.body ?? [];
    expect([rapid?.from, rapid?.to, more]).toEqual([expect.closeTo(10, 0), expect.closeTo(12, 6), []]);
  });

  test('an arm that goes up and down again and again is repeated, the other is not', async () => {
    const swing = (t: number) => ({
      trunk: 5 * Math.sin(t),
      leftArm: 40 - 30 * Math.cos((2 * Math.PI * t) / 5),
    });
    const { summary } = await score(record(60, 10, swing));
    expect(summary.repeated.left_arm).not.toEqual([]);
    expect(summary.repeated.right_arm).toEqual([]);
    const movements = summary.joints.find(({ joint }) => joint === 'left_upper_arm_flexion')?.movements ?? 0;
    expect(movements).toBeGreaterThan(20);
    expect(movements).toBeLessThan(26);
  });

  test('who squats again and again repeats a movement, who walks does not', async () => {
    // A leg that swings is bent, one that carries is nearly straight.
    const bend = (t: number) => ({ knee: 5 + 50 * Math.max(0, Math.sin(2 * Math.PI * t)) });
    const squats = record(30, 10, bend);
    const late = record(30, 10, (t) => bend(t + 0.5));
    const walks = squats.map(({ t, keypoints }, at) => ({
      t,
      // Ankle and knee of the right are half a step behind.
      keypoints: keypoints?.map((own, place) =>
        [14, 16].includes(place) ? late[at]?.keypoints?.[place] : own,
      ),
    }));
    expect((await score(squats)).summary.repeated.body).toHaveLength(1);
    expect((await score(walks)).summary.repeated.body).toEqual([]);
  });
});

describe('what was not seen', () => {
  test('short gaps are bridged and counted, long ones have no score', async () => {
    const hidden = (from: number, to: number) => (t: number) => (t >= from && t < to ? null : { trunk: 30 });
    for (const [seconds, settings] of [
      [0.1, {}],
      [0.3, { bridge_seconds: 0.5 }],
    ] as const) {
      const short = await score(record(10, 20, hidden(4, 4 + seconds)), { settings });
      expect(short.summary.seconds.bridged).toBeCloseTo(seconds, 6);
      expect(column(short, 'rula')).not.toContain(null);
    }
    const open = await score(record(10, 20, hidden(4, 4.3)));
    expect(open.summary.seconds).toMatchObject({ bridged: 0, not_scored: expect.closeTo(0.3, 6) });
    const long = await score(record(10, 20, hidden(3, 7)));
    expect(long.summary.seconds.not_scored).toBeCloseTo(4, 6);
    expect(column(long, 'trunk_flexion')[100]).toBeNull();
    expect(long.warnings.join()).toContain('40 % of the time');
  });

  test('nobody at all is a result without scores', async () => {
    const { summary, warnings } = await score(record(3, 10, () => null));
    expect(summary.worse_side).toMatchObject({ highest_rula: null, highest_reba: null });
    expect(summary.worst_moments).toEqual([]);
    expect(warnings[0]).toContain('100 %');
  });

  test('a side of which a part was not seen says for how long, the other one does not', async () => {
    // Of the left arm, which is further away, nothing below the shoulder.
    const frames = record(10, 10, (t) => ({ trunk: 30, rightArm: 60, leftArm: t < 4 ? 5 : 6 })).map(
      ({ t, keypoints }) => ({
        t,
        keypoints: keypoints?.map((point, at) => (t < 4 && (at === 7 || at === 9) ? null : point)),
      }),
    );
    const { summary } = await score(frames);
    expect(summary.left.partial_seconds).toBeCloseTo(4, 6);
    expect(summary.right.partial_seconds).toBe(0);
    expect(summary.seconds.partial).toBe(0);
  });

  test('what was seen from the front only is told as that, not as unseen', async () => {
    const { summary, warnings } = await score(
      record(3, 10, () => ({})),
      { settings: { view: 'front' } },
    );
    expect(summary.seconds.scored).toBe(0);
    expect(warnings).toEqual([
      expect.stringMatching(/^In 100 % of the time there is no score: .*from the front/),
    ]);
  });

  test('time between samples that lie far apart belongs to none of them', async () => {
    const frames = record(5, 10, () => ({}));
    const later = frames.map(({ t, keypoints }) => ({ t: t + 100, keypoints }));
    const { summary } = await score([...frames, ...later]);
    expect(summary.seconds.total).toBeCloseTo(10, 6);
  });
});

test('assumptions and what was observed are part of the result', async () => {
  const frames = record(2, 10, () => ({}));
  const alone = await score(frames);
  expect(alone.assumed).toEqual(expect.arrayContaining(['load', 'coupling', 'wrist', 'legs', 'owas_legs']));
  expect(alone.assumed).not.toContain('activity');
  const told = await score(frames, { observed: { load_kg: 12, sitting: true, legs_supported: true } });
  for (const name of ['load', 'owas_legs', 'legs', 'force_a']) expect(told.assumed).not.toContain(name);
});

test('what is wrong with a sequence is told by the first frame that is', () => {
  const frames = record(1, 5, () => ({}));
  const wrong = frames.map((frame, at) => (at < 2 ? frame : { t: frame.t, keypoints: [[1, 2]] }));
  expect(() => runAction({ action: 'score_sequence', frames: wrong })).toThrow(
    'The input: frames.2.keypoints: expected 17 of them (coco17), got 1.',
  );
  expect(() => runAction({ action: 'score_sequence', frames: frames.toReversed() })).toThrow(
    'frames.1.t: expected more',
  );
  expect(() => runAction({ action: 'score_sequence', frames, formats: ['docx'] })).toThrow(
    'formats.0: expected "csv"',
  );
});
