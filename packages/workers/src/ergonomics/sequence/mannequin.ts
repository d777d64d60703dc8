import type { Keypoint } from '../pose/layouts.ts';

/**
 * A drawn body of known angles, seen from the side, as COCO keypoints: for tests, which can then say what has to come out.
 * Degrees as everywhere: flexion positive; it looks to the right of the picture unless mirrored.
 */
export interface MannequinAngles {
  readonly trunk: number;
  readonly neck: number;
  readonly leftArm: number;
  readonly rightArm: number;
  readonly elbow: number;
  readonly knee: number;
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;

export function drawMannequin(angles: MannequinAngles, noise: () => number = () => 0): Keypoint[] {
  const hip = { x: 400, y: 500 };
  /** From a point, `length` pixels towards an angle from straight up, leaning to the right. */
  const from = (at: { x: number; y: number }, lean: number, length: number) => ({
    x: at.x + length * Math.sin(radians(lean)),
    y: at.y - length * Math.cos(radians(lean)),
  });
  const shoulder = from(hip, angles.trunk, 200);
  const ear = from(shoulder, angles.trunk + angles.neck, 70);
  const nose = from(ear, angles.trunk + angles.neck + 90, 25);
  const armOf = (flexion: number) => {
    const upper = 180 + angles.trunk - flexion;
    const elbow = from(shoulder, upper, 120);
    return { elbow, wrist: from(elbow, upper - angles.elbow, 100) };
  };
  const [left, right] = [armOf(angles.leftArm), armOf(angles.rightArm)];
  const knee = from(hip, 180 - angles.knee / 2, 180);
  const ankle = from(knee, 180 + angles.knee / 2, 170);
  const points = [nose, nose, nose, ear, ear, shoulder, shoulder, left.elbow, right.elbow];
  points.push(left.wrist, right.wrist, hip, hip, knee, knee, ankle, ankle);
  return points.map(({ x, y }) => [x + noise(), y + noise(), 0.95]);
}
