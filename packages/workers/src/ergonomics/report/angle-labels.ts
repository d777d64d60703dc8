import type { Point } from '../../media/coverage.ts';
import type { BoundingBox } from '../../media/raster.ts';
import type { BodyPart } from '../overlay/part-colors.ts';
import { middlesOf, type Side } from '../pose/body-angles.ts';
import type { Pose } from '../pose/layouts.ts';
import type { AngleTable } from '../pose/score-pose.ts';

/** Which angles of a pose are told, under which words, and where on the body each of them is. */
export interface AngleLabel {
  readonly text: string;
  readonly part: BodyPart;
  readonly at: Point;
}

const WORDS: Readonly<Record<string, string>> = {
  trunk_flexion: 'trunk',
  trunk_side_bend: 'trunk to the side',
  trunk_twist: 'trunk twist',
  neck_flexion: 'neck',
  neck_side_bend: 'neck to the side',
  upper_arm_flexion: 'upper arm',
  upper_arm_abduction: 'arm away',
  lower_arm_flexion: 'elbow',
  wrist_flexion: 'wrist',
  knee_flexion: 'knee',
};

export const angleWords = (name: string, degrees: number): string =>
  `${WORDS[name] ?? name.replaceAll('_', ' ')} ${Math.round(degrees)}°`.replace('-', '−');

/** @param side that the angles are of. */
export function angleLabels(pose: Pose, angles: AngleTable, side: Side): AngleLabel[] {
  return Object.entries(angles).flatMap(([name, degrees]) => {
    const [part, at] = placeOf(name, pose, side) ?? [];
    // The typeface of pictures has no true minus.
    return part && at ? [{ text: angleWords(name, degrees).replace('−', '-'), part, at }] : [];
  });
}

function placeOf(name: string, pose: Pose, side: Side): readonly [BodyPart, Point | undefined] | undefined {
  const { shoulders, hips, ears } = middlesOf(pose);
  const joint = (part: 'shoulder' | 'elbow' | 'wrist') => pose[`${side}_${part}`];
  if (name.startsWith('trunk')) return ['trunk', between(hips, shoulders)];
  if (name.startsWith('neck')) return ['neck', between(shoulders, ears ?? pose.nose)];
  if (name.startsWith('upper_arm')) return [`${side}_upper_arm`, between(joint('shoulder'), joint('elbow'))];
  if (name === 'lower_arm_flexion') return [`${side}_lower_arm`, joint('elbow')];
  if (name === 'wrist_flexion') return [`${side}_wrist`, joint('wrist')];
  return name === 'knee_flexion' ? ['legs', pose.left_knee ?? pose.right_knee] : undefined;
}

const between = (a: Point | undefined, b: Point | undefined): Point | undefined =>
  a && b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : undefined;

/** Boxes along lines, for labels to keep off. */
export function boxesAlong(lines: readonly (readonly Point[])[], radius: number): BoundingBox[] {
  return lines.flatMap((points) =>
    points.slice(1).flatMap((to, at) => {
      const from = points[at] ?? to;
      const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / (2 * radius)));
      return Array.from({ length: steps + 1 }, (_, step) => {
        const x = from.x + ((to.x - from.x) * step) / steps;
        const y = from.y + ((to.y - from.y) * step) / steps;
        return { x_min: x - radius, y_min: y - radius, x_max: x + radius, y_max: y + radius };
      });
    }),
  );
}
