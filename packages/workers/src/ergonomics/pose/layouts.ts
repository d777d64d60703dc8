/**
 * Which keypoint of a layout is which point of the body. The first 17 are the same in all of them (COCO); Halpe adds
 * head, neck and feet, COCO-WholeBody feet, face and hands.
 */
const COCO = [
  ...['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder'],
  ...['left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip'],
  ...['left_knee', 'right_knee', 'left_ankle', 'right_ankle'],
] as const;
const ADDED = ['left_toe', 'right_toe', 'left_heel', 'right_heel', 'left_hand', 'right_hand'] as const;

export type PointName = (typeof COCO)[number] | (typeof ADDED)[number];

interface Layout {
  readonly size: number;
  readonly indexOf: Readonly<Partial<Record<PointName, number>>>;
}

const coco = Object.fromEntries(COCO.map((name, at) => [name, at])) as Record<(typeof COCO)[number], number>;

export const LAYOUTS = {
  coco17: { size: 17, indexOf: coco },
  halpe26: { size: 26, indexOf: { ...coco, left_toe: 20, right_toe: 21, left_heel: 24, right_heel: 25 } },
  wholebody133: {
    size: 133,
    // Big toes and heels; of the hands (91-111 left, 112-132 right) the knuckle of the middle finger.
    indexOf: {
      ...{ ...coco, left_toe: 17, right_toe: 20, left_heel: 19, right_heel: 22 },
      ...{ left_hand: 100, right_hand: 121 },
    },
  },
} as const satisfies Readonly<Record<string, Layout>>;

export type LayoutName = keyof typeof LAYOUTS;
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as [LayoutName, ...LayoutName[]];

/** A seen point. In pictures z is 0, x goes right and y down. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly confidence: number;
}

export type Pose = Readonly<Partial<Record<PointName, Point>>>;

/** One keypoint as it is sent: x, y and confidence, or x, y, z and confidence; null where nothing was found. */
export type Keypoint = readonly number[] | null;

/** The points of the body that were seen with at least `minConfidence`. */
export function readPose(
  layout: LayoutName,
  keypoints: readonly Keypoint[],
  { minConfidence, is3d }: { readonly minConfidence: number; readonly is3d: boolean },
): Pose {
  const pose: Partial<Record<PointName, Point>> = {};
  for (const [name, at] of Object.entries(LAYOUTS[layout].indexOf) as [PointName, number][]) {
    const values = keypoints[at];
    if (!values) continue;
    const [x = 0, y = 0, third, fourth] = values;
    const confidence = (is3d ? fourth : third) ?? 1;
    if (confidence >= minConfidence && confidence > 0)
      pose[name] = { x, y, z: is3d ? (third ?? 0) : 0, confidence };
  }
  return pose;
}
