import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PoseKeypoint } from '../pose-estimator.ts';
import type { ExpectedJoint } from './joints.ts';
import { type Claimant, ownKeypoints } from './own-keypoints.ts';

/** Bodies of 300 pixels; their joints stand in two columns, the same in everybody. */
const HEIGHT = 300;
const placeAt = (x: number, joint: number): readonly [number, number] => [
  x + (joint % 2 === 0 ? 15 : -15),
  20 + joint * 16,
];
const pose = (x: number): PoseKeypoint[] =>
  Array.from({ length: 17 }, (_, joint) => [...placeAt(x, joint), 0.9] as const);
const expectedAt = (x: number, age = 0.1): ExpectedJoint[] =>
  Array.from({ length: 17 }, (_, joint) => {
    const [left, top] = placeAt(x, joint);
    return { x: left, y: top, age };
  });
const boxAt = (x: number) => ({ x_min: x - 50, x_max: x + 50, y_min: 10, y_max: 10 + HEIGHT });
const person = (x: number, keypoints: readonly PoseKeypoint[] = pose(x)): Claimant => ({
  ...{ box: boxAt(x), keypoints, expected: expectedAt(x) },
});
const hidden = (x: number): Claimant => ({ box: boxAt(x), expected: expectedAt(x, 0.4) });
const withPoint = (keypoints: readonly PoseKeypoint[], joint: number, from: readonly PoseKeypoint[]) =>
  keypoints.map((own, at) => (at === joint ? (from[at] ?? own) : own));
const missing = (keypoints: readonly PoseKeypoint[] | undefined) =>
  (keypoints ?? []).flatMap(([, , confidence], at) => (confidence === 0 ? [at] : []));

test('people who are by themselves keep what was found of them, wherever it lies', () => {
  const odd = withPoint(pose(100), 9, pose(500));
  expect(ownKeypoints([person(100, odd), person(900)])).toEqual([odd, pose(900)]);
});

test('people side by side keep all their joints, and one shown by both is whose it was', () => {
  expect(ownKeypoints([person(100), person(180)])).toEqual([pose(100), pose(180)]);
  // The hip and the knee of who stands behind were found on who stands in front.
  const taken = withPoint(withPoint(pose(180), 12, pose(100)), 13, pose(100));
  const [front, behind] = ownKeypoints([person(100), person(180, taken)]);
  expect(front).toEqual(pose(100));
  expect(missing(behind)).toEqual([12, 13]);
  expect(behind?.[12]).toEqual([...placeAt(100, 12), 0]);
});

test('what two show in one place is nobody’s where nothing tells whose it was', () => {
  const fresh = (x: number, keypoints = pose(x)): Claimant => ({
    ...person(x, keypoints),
    expected: [undefined],
  });
  const own = ownKeypoints([fresh(100), fresh(180, withPoint(pose(180), 5, pose(100)))]);
  expect(own.map(missing)).toEqual([[5], [5]]);
});

test('a joint that cannot have gone so far in that time is not theirs', () => {
  const leapt = withPoint(pose(100), 15, pose(190));
  expect(missing(ownKeypoints([person(100, leapt), person(260)])[0])).toEqual([15]);
});

test('near somebody who is hidden the trunk counts where it was expected, and limbs do not', () => {
  const [front, nobody] = ownKeypoints([person(100), hidden(110)]);
  expect(missing(front)).toEqual([7, 8, 9, 10, 13, 14, 15, 16]);
  expect(nobody).toBeUndefined();
  const moved = pose(100).map(([x, y, confidence], at) => [x + (at === 6 ? 25 : 0), y, confidence] as const);
  expect(missing(ownKeypoints([person(100, moved), hidden(110)])[0])).toContain(6);
});

test('of a body that is another’s nothing is left to whom it was taken for', () => {
  const taken = withPoint(pose(400), 9, pose(100));
  expect(missing(ownKeypoints([person(100, taken), hidden(220)])[0])).toHaveLength(17);
});

test('one who was found twice is not in their own way', () => {
  const double: Claimant = { ...person(104, pose(102)), expected: [] };
  expect(ownKeypoints([person(100), double])[0]).toEqual(pose(100));
});

test('no place is changed, no confidence raised, and one place is never the same joint of two', () => {
  const place = fc.integer({ min: 60, max: 400 });
  const someone = fc
    .record({
      at: place,
      found: fc.array(place, { minLength: 17, maxLength: 17 }),
      age: fc.integer({ min: 1, max: 20 }),
    })
    .map(({ at, found, age }): Claimant & { keypoints: PoseKeypoint[] } => ({
      box: boxAt(at),
      keypoints: found.map((x, joint) => [x, 20 + joint * 16, 0.8] as const),
      expected: expectedAt(at, age / 10),
    }));
  fc.assert(
    fc.property(fc.array(someone, { minLength: 2, maxLength: 4 }), (people) => {
      const own = ownKeypoints(people);
      for (const [at, keypoints] of own.entries())
        for (const [joint, [x, y, confidence]] of (keypoints ?? []).entries()) {
          expect([x, y]).toEqual(people[at]?.keypoints[joint]?.slice(0, 2));
          expect([0, 0.8]).toContain(confidence);
        }
      for (let joint = 0; joint < 17; joint++) {
        const kept = own.flatMap((keypoints) => {
          const point = keypoints?.[joint];
          return point && point[2] > 0 ? [point[0]] : [];
        });
        expect(new Set(kept).size).toBe(kept.length);
      }
    }),
  );
});
