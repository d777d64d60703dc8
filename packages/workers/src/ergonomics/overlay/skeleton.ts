import type { Point } from '../../media/coverage.ts';
import type { Color } from '../../media/rasterizer.ts';
import { middlesOf, type Side } from '../pose/body-angles.ts';
import type { PointName, Pose } from '../pose/layouts.ts';
import type { Canvas } from './canvas.ts';
import { type BodyPart, SIDE_INKS } from './part-colors.ts';

/**
 * A body as lines: the inside of each has the colour of what its angle is scored, the edge that of its side (left blue,
 * right magenta, dark for the middle), so that left and right stay apart where they cross. What was not seen isn't drawn.
 */
export interface SkeletonStyle {
  /** Pixels of a line without its edge. */
  readonly line: number;
  readonly colorOf: (part: BodyPart) => Color;
  /** From points of the pose to pixels of the canvas. */
  readonly place: (point: Point) => Point;
}

interface Bone {
  readonly part: BodyPart;
  readonly side: Side | 'middle';
  readonly points: readonly (Point | undefined)[];
}

export function drawSkeleton(canvas: Canvas, pose: Pose, { line, colorOf, place }: SkeletonStyle): void {
  const bones = bonesOf(pose).flatMap(({ part, side, points }) => {
    const seen = points.filter((point) => point !== undefined).map(place);
    return seen.length < points.length ? [] : [{ part, side, seen }];
  });
  const edge = Math.max(1, line * 0.45);
  for (const { part, side, seen } of bones) {
    canvas.strokePolyline(seen, line + 2 * edge, { color: SIDE_INKS[side], alpha: 0.95 });
    canvas.strokePolyline(seen, line, { color: colorOf(part), alpha: 1 });
  }
  for (const { seen, side } of bones) {
    for (const point of seen) {
      canvas.fillDisc(point, line * 0.75, { color: SIDE_INKS[side], alpha: 1 });
      canvas.fillDisc(point, line * 0.4, { color: [255, 255, 255], alpha: 1 });
    }
  }
  const head = headOf(pose);
  if (head) canvas.fillDisc(place(head), line * 1.5, { color: SIDE_INKS.middle, alpha: 0.95 });
  if (head) canvas.fillDisc(place(head), line * 1.1, { color: colorOf('neck'), alpha: 1 });
}

const headOf = (pose: Pose): Point | undefined => middlesOf(pose).ears ?? pose.nose;

/** Those that have their points undefined were not seen. */
export function bonesOf(pose: Pose): Bone[] {
  const { shoulders, hips } = middlesOf(pose);
  const limb = (part: BodyPart, side: Side, ...names: string[]): Bone => ({
    ...{ part, side, points: names.map((name) => pose[`${side}_${name}` as PointName]) },
  });
  const leg = (side: Side) => [
    limb('legs', side, 'hip', 'knee'),
    limb('legs', side, 'knee', 'ankle'),
    limb('legs', side, 'heel', 'toe'),
  ];
  const arm = (side: Side) => [
    limb(`${side}_upper_arm`, side, 'shoulder', 'elbow'),
    limb(`${side}_lower_arm`, side, 'elbow', 'wrist'),
    limb(`${side}_wrist`, side, 'wrist', 'hand'),
  ];
  const middle = (part: BodyPart, ...points: (Point | undefined)[]): Bone => ({
    part,
    side: 'middle',
    points,
  });
  return [
    ...[...leg('left'), ...leg('right')],
    middle('trunk', pose.left_hip, pose.right_hip),
    middle('trunk', hips, shoulders),
    middle('trunk', pose.left_shoulder, pose.right_shoulder),
    middle('neck', shoulders, headOf(pose)),
    ...[...arm('left'), ...arm('right')],
  ];
}
