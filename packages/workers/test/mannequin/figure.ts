/**
 * A jointed figure: from the angles of a posture to its points in the picture. From the side it moves in the plane of the
 * picture, from the front it bends to the side and lifts its arms to the side. From the side depth is drawn as shift, as
 * cabinet drawings do: both sides of the body are seen, and all angles in the plane stay what they are.
 */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Degrees, as in `src/ergonomics`: a hanging arm, a straight elbow and a straight knee are 0. */
export interface LimbPosture {
  /** Forward from the side, outward from the front; against the trunk. */
  readonly upperArm: number;
  readonly elbow: number;
  readonly knee: number;
  /** Thigh against the vertical, forward (outward); default half the knee, so that hips stay above ankles. */
  readonly thigh?: number;
}

export interface Posture {
  readonly view: 'side' | 'front';
  /** 1 looks to the right of the picture, -1 to the left; from the front it says nothing. */
  readonly facing: 1 | -1;
  /** Trunk against the vertical: forward, from the front to the right of the picture. */
  readonly trunk: number;
  /** Neck against the trunk, likewise. */
  readonly neck: number;
  readonly left: LimbPosture;
  readonly right: LimbPosture;
}

export interface Placement {
  /** Of the hips' middle, pixels. */
  readonly x: number;
  readonly groundY: number;
  /** Of the upright figure, pixels. */
  readonly heightPx: number;
}

export interface Figure {
  /** The 17 points in COCO's order; the centre of the picture's first pixel is (0, 0). */
  readonly points: readonly Spot[];
  readonly head: Spot;
  readonly toes: { readonly left: Spot; readonly right: Spot };
  /** Which side is nearer to the camera. */
  readonly near: 'left' | 'right';
  readonly heightPx: number;
}

/** Shares of the height. */
const LENGTH = { shank: 0.245, thigh: 0.245, sole: 0.04, foot: 0.1, trunk: 0.29, neck: 0.125 } as const;
const ARM = { upper: 0.17, lower: 0.15 } as const;
/** Half of what lies between the two sides, from the side in the picture's x and y. */
const DEPTH = { x: 0.013, y: 0.02 } as const;
/** Of the head less, so that its markers stay apart however it is turned. */
const HEAD_DEPTH = 0.7;
const HALF_WIDTH = { shoulders: 0.115, hips: 0.07, ears: 0.062, eyes: 0.031 } as const;

const along = (at: Spot, lean: number, length: number): Spot => {
  const turn = (lean * Math.PI) / 180;
  return { x: at.x + length * Math.sin(turn), y: at.y - length * Math.cos(turn) };
};

interface Side {
  readonly ear: Spot;
  readonly eye: Spot;
  readonly shoulder: Spot;
  readonly elbow: Spot;
  readonly wrist: Spot;
  readonly hip: Spot;
  readonly knee: Spot;
  readonly ankle: Spot;
  readonly toe: Spot;
}

/** In body heights, hips in the middle of (0, 0), looking to the right. */
function sideSeen(posture: Posture, limbs: LimbPosture, shift: 1 | -1): Side {
  const { trunk, neck } = posture;
  const shifted = (part: number) => ({ x: DEPTH.x * shift * part, y: DEPTH.y * -shift * part });
  const hip = shifted(1);
  const shoulder = along(hip, trunk, LENGTH.trunk);
  const ear = along(along(shifted(HEAD_DEPTH), trunk, LENGTH.trunk), trunk + neck, LENGTH.neck);
  const eye = along(along(ear, trunk + neck + 90, 0.056), trunk + neck, 0.04);
  const arm = 180 + trunk - limbs.upperArm;
  const elbow = along(shoulder, arm, ARM.upper);
  const wrist = along(elbow, arm - limbs.elbow, ARM.lower);
  const leg = 180 - (limbs.thigh ?? limbs.knee / 2);
  const knee = along(hip, leg, LENGTH.thigh);
  const ankle = along(knee, leg + limbs.knee, LENGTH.shank);
  const toe = along(ankle, leg + limbs.knee - 85, LENGTH.foot);
  return { ear, eye, shoulder, elbow, wrist, hip, knee, ankle, toe };
}

/** Likewise from the front; `sign` is 1 for the side on the right of the picture. */
function frontSeen(posture: Posture, limbs: LimbPosture, sign: 1 | -1): Side {
  const { trunk, neck } = posture;
  const outward = (at: Spot, lean: number, length: number) => along(at, lean + 90, sign * length);
  const hip = { x: sign * HALF_WIDTH.hips, y: 0 };
  const middle = along({ x: 0, y: 0 }, trunk, LENGTH.trunk);
  const shoulder = outward(middle, trunk, HALF_WIDTH.shoulders);
  const ears = along(middle, trunk + neck, LENGTH.neck);
  const ear = outward(ears, trunk + neck, HALF_WIDTH.ears);
  const eye = outward(along(ears, trunk + neck, 0.03), trunk + neck, HALF_WIDTH.eyes);
  const arm = 180 + trunk - sign * limbs.upperArm;
  const elbow = along(shoulder, arm, ARM.upper);
  const wrist = along(elbow, arm - sign * limbs.elbow, ARM.lower);
  const leg = 180 - sign * (limbs.thigh ?? limbs.knee / 2);
  const knee = along(hip, leg, LENGTH.thigh);
  const ankle = along(knee, leg + sign * limbs.knee, LENGTH.shank);
  const toe = along(ankle, 180 - sign * 60, LENGTH.foot / 2);
  return { ear, eye, shoulder, elbow, wrist, hip, knee, ankle, toe };
}

export function placeFigure(posture: Posture, { x, groundY, heightPx }: Placement): Figure {
  const { view, facing, trunk, neck } = posture;
  const isFront = view === 'front';
  // Who looks to the right shows the right side.
  const near = facing === 1 ? 'right' : 'left';
  const sideOf = (side: 'left' | 'right') =>
    isFront
      ? frontSeen(posture, posture[side], side === 'left' ? 1 : -1)
      : sideSeen(posture, posture[side], side === near ? -1 : 1);
  const [left, right] = [sideOf('left'), sideOf('right')];
  const head = between(left.ear, right.ear);
  const nose = isFront
    ? along(head, trunk + neck, -0.016)
    : along(along(head, trunk + neck + 90, 0.084), trunk + neck, -0.01);
  const lowest = Math.max(left.ankle.y, right.ankle.y) + LENGTH.sole;
  const mirror = isFront ? 1 : facing;
  const put = (at: Spot): Spot => ({
    x: x + mirror * at.x * heightPx,
    y: groundY + (at.y - lowest) * heightPx,
  });
  const pairs = (['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'] as const).flatMap(
    (part) => [left[part], right[part]],
  );
  return {
    points: [nose, ...pairs].map(put),
    head: put(isFront ? head : along(head, trunk + neck + 90, 0.012)),
    toes: { left: put(left.toe), right: put(right.toe) },
    ...{ near, heightPx },
  };
}

const between = (a: Spot, b: Spot): Spot => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
