import { describe, expect, test } from 'vitest';
import { runAction } from '../actions.ts';
import type { SequenceResult } from '../results/result.ts';
import { LAYOUT_NAMES } from './layouts.ts';
import { keypointsOf, poseInSpace, type SpaceAngles, STANDING, seenFrom } from './mannequin-in-space.ts';
import type { ScoredPose } from './score-pose.ts';

/** Bodies of known angles in space, in all layouts, and seen from the side and from the front. */
const ask = (input: object) => runAction({ action: 'score_keypoints', ...input }) as ScoredPose;
const inSpace = (angles: Partial<SpaceAngles>, more: object = {}) =>
  ask({
    ...{ layout: 'coco17', dimensions: 3, ...more },
    keypoints: keypointsOf('coco17', poseInSpace({ ...STANDING, ...angles }), (point) => [...point]),
  });
const WORK: Partial<SpaceAngles> = { trunk: 40, neck: 15, leftArm: 70, rightArm: -25, elbow: 75, knee: 50 };

describe('3D keypoints', () => {
  test('give the angles of both sides, flexion and extension', () => {
    const { sides, view, missing } = inSpace(WORK);
    expect({ view, missing }).toEqual({ view: '3d', missing: [] });
    const middle = {
      trunk_flexion: 40,
      trunk_side_bend: 0,
      trunk_twist: 0,
      neck_flexion: 15,
      neck_side_bend: 0,
    };
    const both = { ...middle, upper_arm_abduction: 0, lower_arm_flexion: 75, knee_flexion: 50 };
    expect(sides.left.angles).toEqual({ ...both, upper_arm_flexion: 70 });
    expect(sides.right.angles).toEqual({ ...both, upper_arm_flexion: -25 });
  });

  test('are scored like a posture that somebody describes in degrees', () => {
    const { sides } = inSpace(WORK);
    const posture = { trunk_deg: 40, neck_deg: 15, upper_arm_deg: 70, lower_arm_deg: 75, knee_deg: 50 };
    for (const method of ['rula', 'reba'] as const) {
      const described = runAction({ action: 'score', method, posture }) as object;
      expect(described).toMatchObject(sides.left[method] ?? { is: 'missing' });
    }
  });

  test('tell twist, bends to the side and arms held away, which add to the scores', () => {
    const bent = inSpace({ sideBend: 20, rightAbduction: 50 });
    expect(bent.sides.right.angles).toMatchObject({
      trunk_side_bend: 20,
      trunk_flexion: 0,
      upper_arm_abduction: 50,
    });
    expect(bent.sides.right.rula?.components).toMatchObject({ trunk: 2, upper_arm: 2 });
    expect(bent.sides.left.rula?.components).toMatchObject({ trunk: 2, upper_arm: 1 });
    const twisted = inSpace({ trunk: 30, twist: 25 });
    expect(twisted.angles).toMatchObject({ trunk_flexion: 30, trunk_twist: 25 });
    expect(twisted.rula?.components.trunk).toBe(4);
    expect(twisted.assumed).not.toContain('trunk_twisted');
  });

  test.each([30, 90, 145, 260])('are the same for a body that is turned by %d degrees', (yaw) => {
    expect(inSpace({ ...WORK, yaw })).toEqual(inSpace(WORK));
  });

  test('may have any axis upward', () => {
    const points = poseInSpace({ ...STANDING, ...WORK });
    const swapped = keypointsOf('coco17', points, ([x, y, z]) => [x, z, -y]);
    const options = { layout: 'coco17', dimensions: 3, keypoints: swapped };
    expect(ask({ ...options, settings: { up: 'z' } })).toEqual(inSpace(WORK));
    expect(ask(options)).not.toEqual(inSpace(WORK));
  });

  test('of a sequence have their columns, and nothing to warn of', async () => {
    const frames = Array.from({ length: 30 }, (_, at) => {
      const points = poseInSpace({ ...STANDING, trunk: at, twist: 20 });
      return { t: at / 10, keypoints: keypointsOf('coco17', points, (point) => [...point]) };
    });
    const input = { action: 'score_sequence', layout: 'coco17', dimensions: 3, frames };
    const answer = await runAction({ ...input, settings: { smoothing: 'none' } });
    const { samples, warnings } = answer as SequenceResult;
    expect(samples.trunk_flexion?.slice(0, 3)).toEqual([0, 1, 2]);
    expect(samples.trunk_twist?.every((twist) => twist === 20)).toBe(true);
    expect(warnings).toEqual([]);
  });
});

describe.each(LAYOUT_NAMES)('layout %s', (layout) => {
  const side = (angles: Partial<SpaceAngles>, more: object = {}) =>
    ask({
      layout,
      keypoints: keypointsOf(layout, poseInSpace({ ...STANDING, ...angles }), seenFrom.left),
      ...more,
    });

  test('seen from the side gives flexions', () => {
    const { sides, view } = side(WORK);
    expect(view).toBe('side');
    expect(sides.left.angles).toMatchObject({ trunk_flexion: 40, neck_flexion: 15, upper_arm_flexion: 70 });
    expect(sides.right.angles).toMatchObject({
      upper_arm_flexion: -25,
      lower_arm_flexion: 75,
      knee_flexion: 50,
    });
  });

  test('seen from the other side gives the same', () => {
    expect(side({ ...WORK, yaw: 180 }).sides).toEqual(side(WORK).sides);
  });

  test('seen from the front gives bends to the side and arms held away, and no score', () => {
    const angles = { sideBend: 18, rightAbduction: 45 };
    const points = poseInSpace({ ...STANDING, ...angles });
    const answer = ask({ layout, keypoints: keypointsOf(layout, points, seenFrom.front) });
    expect(answer).toMatchObject({ view: 'front', rula: null, reba: null, partial: true });
    expect(answer.sides.right.angles).toMatchObject({
      trunk_side_bend: 18,
      neck_side_bend: 0,
      upper_arm_abduction: 45,
    });
    expect(answer.angles).not.toHaveProperty('trunk_flexion');
    expect(answer.missing).toContain('trunk');
  });

  test('in a sequence seen from the front says why there is no score', async () => {
    const keypoints = keypointsOf(layout, poseInSpace(STANDING), seenFrom.front);
    const frames = [0, 1, 2].map((t) => ({ t, keypoints }));
    const { warnings, summary } = (await runAction({
      action: 'score_sequence',
      layout,
      frames,
    })) as SequenceResult;
    expect(warnings.join(' ')).toContain('seen from the front');
    expect(summary.seconds).toMatchObject({ scored: 0, not_scored: 3 });
  });

  test('without a face looks to where its toes point, where the layout has feet', () => {
    const points = poseInSpace({ ...STANDING, trunk: -15 });
    const keypoints = keypointsOf(layout, points, seenFrom.left).map((point, at) => (at < 3 ? null : point));
    const answer = ask({ layout, keypoints });
    const hasFeet = layout !== 'coco17';
    // Leaning back, a body that nothing is known of would be taken to lean forward.
    expect(answer.angles.trunk_flexion).toBeCloseTo(hasFeet ? -15 : 15, 6);
    expect(answer.assumed.includes('facing')).toBe(!hasFeet);
  });

  test('measures the wrist where it has hands, and assumes it elsewhere', () => {
    const answer = side({ elbow: 80, wrist: 25 });
    const hasHands = layout === 'wholebody133';
    expect(answer.angles.wrist_flexion).toBe(hasHands ? 25 : undefined);
    expect(answer.rula?.components.wrist).toBe(hasHands ? 3 : 1);
    expect(answer.assumed.includes('wrist')).toBe(!hasHands);
  });
});

describe('seen at a slant, so that left and right lie apart', () => {
  const points = poseInSpace({ ...STANDING, ...WORK, yaw: 20 });
  const seen = keypointsOf('coco17', points, seenFrom.left);
  const without = (...hidden: number[]) =>
    ask({ keypoints: seen.map((one, at) => (hidden.includes(at) ? null : one)) });
  const PLACES = { ear: [3, 4], shoulder: [5, 6], hip: [11, 12] } as const;

  test.each(Object.entries(PLACES))('a body keeps its angles where one %s is not seen', (_, places) => {
    const { angles } = without();
    for (const place of places) {
      const { trunk_flexion: trunk, neck_flexion: neck } = without(place).angles;
      expect(Math.abs((trunk ?? Number.NaN) - (angles.trunk_flexion ?? 0))).toBeLessThan(1);
      expect(Math.abs((neck ?? Number.NaN) - (angles.neck_flexion ?? 0))).toBeLessThan(2);
    }
  });

  test('of one shoulder and the hip of the other side nothing is told', () => {
    expect(without(5, 12)).toMatchObject({ rula: null, missing: expect.arrayContaining(['trunk']) });
    expect(without(6, 12).angles.trunk_flexion).toBeCloseTo(without().angles.trunk_flexion ?? 0, -1);
  });

  test('points in space do not bend to the side for a shoulder that is not seen', () => {
    const placed = keypointsOf('coco17', points, (point) => [...point]).with(5, null);
    const { angles } = ask({ dimensions: 3, keypoints: placed });
    expect(angles.trunk_flexion).toBeCloseTo(WORK.trunk ?? 0, 0);
    expect(angles.trunk_side_bend).toBeLessThan(1);
  });
});
