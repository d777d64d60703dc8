import type { Canvas } from './canvas.ts';
import type { Figure, Posture } from './figure.ts';
import { markerRadius } from './person.ts';

/** What is true of a drawn person: where its points are, how much of them is seen, and the angles it was drawn with. */
export interface PersonTruth {
  readonly id: number;
  /** Edges of what is seen of the person, pixels: left, top, right, bottom. */
  readonly box: readonly [number, number, number, number];
  /** Share of the person's pixels in the picture that nothing hides, 0 to 1. */
  readonly seen: number;
  /** COCO's 17: x, y (the first pixel's centre is 0, 0), and the share of its marker that is seen, 0 to 1. */
  readonly keypoints: readonly (readonly [number, number, number])[];
  readonly view: Posture['view'];
  /** 1 looks to the right of the picture, -1 to the left, 0 to the camera. */
  readonly facing: 1 | -1 | 0;
  /** Degrees, named as in the results of the ergonomics worker. */
  readonly angles: TrueAngles;
}

export interface TrueAngles {
  readonly trunk_flexion?: number;
  readonly neck_flexion?: number;
  readonly trunk_side_bend?: number;
  readonly neck_side_bend?: number;
  readonly left: TrueSideAngles;
  readonly right: TrueSideAngles;
}

interface TrueSideAngles {
  readonly upper_arm_flexion?: number;
  readonly upper_arm_abduction?: number;
  readonly lower_arm_flexion: number;
  readonly knee_flexion: number;
}

export function trueAngles({ view, trunk, neck, left, right }: Posture): TrueAngles {
  const sideOf = ({ upperArm, elbow, knee }: Posture['left']): TrueSideAngles => ({
    ...(view === 'side' ? { upper_arm_flexion: round(upperArm) } : { upper_arm_abduction: round(upperArm) }),
    ...{ lower_arm_flexion: round(elbow), knee_flexion: round(knee) },
  });
  const sides = { left: sideOf(left), right: sideOf(right) };
  if (view === 'side') return { trunk_flexion: round(trunk), neck_flexion: round(neck), ...sides };
  return { trunk_side_bend: round(Math.abs(trunk)), neck_side_bend: round(Math.abs(neck)), ...sides };
}

/** What the canvas shows of each of the people drawn on it; `drawnPixels` is how much each of them covered when drawn. */
export function readTruth(
  canvas: Canvas,
  people: readonly { readonly id: number; readonly posture: Posture; readonly figure: Figure }[],
  drawnPixels: readonly number[],
): PersonTruth[] {
  const extents = people.map(() => ({ left: Infinity, top: Infinity, right: 0, bottom: 0, pixels: 0 }));
  const markerPixels = people.map(() => new Uint32Array(18));
  const { widthPx, heightPx } = canvas;
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, at++) {
      const person = canvas.people[at];
      const extent = person ? extents[person - 1] : undefined;
      if (!person || !extent) continue;
      extent.pixels++;
      if (x < extent.left) extent.left = x;
      if (x >= extent.right) extent.right = x + 1;
      if (y < extent.top) extent.top = y;
      if (y >= extent.bottom) extent.bottom = y + 1;
      const [counts, marker] = [markerPixels[person - 1], canvas.markers[at] ?? 0];
      if (counts) counts[marker] = (counts[marker] ?? 0) + 1;
    }
  }
  return people.flatMap(({ id, posture, figure }, index) => {
    const extent = extents[index];
    if (!extent || extent.pixels === 0) return [];
    const { left, top, right, bottom, pixels } = extent;
    const keypoints = figure.points.map(({ x, y }, point) => {
      const whole = Math.PI * markerRadius(point, figure.heightPx) ** 2;
      const share = Math.min(1, (markerPixels[index]?.[point + 1] ?? 0) / whole);
      return [Math.round(x * 10) / 10, Math.round(y * 10) / 10, round(share)] as const;
    });
    const seen = round(pixels / Math.max(1, drawnPixels[index] ?? 0));
    const { view } = posture;
    const facing = view === 'front' ? 0 : posture.facing;
    const box = [left, top, right, bottom] as const;
    return [{ id, box, seen, keypoints, view, facing, angles: trueAngles(posture) }];
  });
}

const round = (value: number) => Math.round(value * 100) / 100;
