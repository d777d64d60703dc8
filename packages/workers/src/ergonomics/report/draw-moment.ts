import { textColorOn } from '../../media/class-colors.ts';
import type { Point } from '../../media/coverage.ts';
import { placeLabels } from '../../media/label-layout.ts';
import { loadSharp } from '../../media/load-sharp.ts';
import type { BoundingBox, RgbImage } from '../../media/raster.ts';
import { createTypeface } from '../../media/typeface.ts';
import { type Canvas, createRgbCanvas } from '../overlay/canvas.ts';
import { partColors } from '../overlay/part-colors.ts';
import { bonesOf, drawSkeleton } from '../overlay/skeleton.ts';
import type { Pose } from '../pose/layouts.ts';
import type { ScoredPose } from '../pose/score-pose.ts';
import type { ScoredSequence } from '../sequence/score-sequence.ts';
import type { WorstMoment } from '../sequence/worst-moments.ts';
import { angleLabels, boxesAlong } from './angle-labels.ts';
import type { MomentPicture } from './moment-picture.ts';

/**
 * The picture of a worst moment: cut out around the person, the skeleton with each part in the colour of its score, and
 * the angles of the scored side beside it. Without a frame the skeleton stands on an empty ground.
 */
export interface MomentScene {
  readonly rank: number;
  readonly pose: Pose;
  readonly scored: ScoredPose;
  /** The frame of the video nearest to the moment; left as it is. */
  readonly frame?: RgbImage | undefined;
  /** Width of the picture that the pose is in, where it is not the frame's. */
  readonly poseWidthPx?: number | undefined;
}

const [WIDTH, HEIGHT] = [480, 600];
const LINE = 7;
/** Of the person's height or width, on each side: for limbs that have no keypoint, and for labels. */
const MARGIN = 0.16;
const GROUND = { r: 236, g: 239, b: 243 };

/**
 * Pictures of a sequence's worst moments, one after the other.
 * @param frameAt the frame at a time in seconds, if there is a video.
 */
export async function drawMoments(
  { samples }: Pick<ScoredSequence, 'samples'>,
  moments: readonly WorstMoment[],
  frameAt?: (t: number) => Promise<{ readonly frame: RgbImage; readonly poseWidthPx?: number } | undefined>,
): Promise<MomentPicture[]> {
  const pictures: MomentPicture[] = [];
  for (const { rank, t } of moments) {
    const sample = samples.at(samples.times.indexOf(t));
    if (!sample) continue;
    const { pose, scored } = sample;
    const picture = await drawMoment({ rank, pose, scored, ...(await frameAt?.(t)) });
    if (picture) pictures.push(picture);
  }
  return pictures;
}

/** Undefined for a pose without points. */
export async function drawMoment(scene: MomentScene): Promise<MomentPicture | undefined> {
  const crop = cropAround(Object.values(scene.pose), scene.frame && scaleOf(scene), scene.frame);
  if (!crop) return undefined;
  const sharp = await loadSharp();
  const ground = sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: GROUND } });
  const cut = scene.frame && (await cutOut(scene.frame, crop));
  const data = await (cut ? ground.composite([cut]) : ground).removeAlpha().raw().toBuffer();
  const picture = { width: WIDTH, height: HEIGHT, data };
  const factor = scaleOf(scene);
  const place = ({ x, y }: Point) => ({
    x: ((x * factor - crop.x) * WIDTH) / crop.width,
    y: ((y * factor - crop.y) * HEIGHT) / crop.height,
  });
  const canvas = createRgbCanvas(picture);
  drawSkeleton(canvas, scene.pose, { line: LINE, colorOf: partColors(scene.scored), place });
  drawLabels(canvas, scene, place);
  const jpeg = await sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 86, chromaSubsampling: '4:4:4' })
    .toBuffer();
  return { rank: scene.rank, jpeg, widthPx: WIDTH, heightPx: HEIGHT };
}

/** From pixels of the pose to those of the frame. */
const scaleOf = ({ frame, poseWidthPx }: MomentScene) =>
  frame && poseWidthPx ? frame.width / poseWidthPx : 1;

interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A box of the picture's proportions around points, moved into the frame as far as it fits there. */
function cropAround(points: readonly Point[], factor = 1, frame?: RgbImage): Crop | undefined {
  if (points.length === 0) return undefined;
  const [xs, ys] = [points.map(({ x }) => x * factor), points.map(({ y }) => y * factor)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const side = Math.max(right - left, bottom - top, 1) * (2 * MARGIN);
  const heightOf = (margin: number) =>
    Math.max(bottom - top + margin, ((right - left + margin) * HEIGHT) / WIDTH);
  const most = frame ? Math.min(frame.height, (frame.width * HEIGHT) / WIDTH) : heightOf(side);
  // Less margin rather than a rim where the frame ends, as long as the whole person is within it.
  const height = heightOf(0) <= most ? Math.min(heightOf(side), most) : heightOf(side);
  const width = (height * WIDTH) / HEIGHT;
  const into = (start: number, size: number, limit: number | undefined) =>
    limit === undefined || size > limit ? start : Math.min(Math.max(start, 0), limit - size);
  return {
    ...{ width, height },
    x: into((left + right - width) / 2, width, frame?.width),
    y: into((top + bottom - height) / 2, height, frame?.height),
  };
}

/** What of the crop lies in the frame, in the picture's pixels and at its place there. */
async function cutOut({ width, height, data }: RgbImage, crop: Crop) {
  const [left, top] = [Math.max(0, Math.floor(crop.x)), Math.max(0, Math.floor(crop.y))];
  const right = Math.min(width, Math.ceil(crop.x + crop.width));
  const bottom = Math.min(height, Math.ceil(crop.y + crop.height));
  if (right <= left || bottom <= top) return undefined;
  const [byX, byY] = [WIDTH / crop.width, HEIGHT / crop.height];
  const at = { left: Math.round((left - crop.x) * byX), top: Math.round((top - crop.y) * byY) };
  const size = {
    width: Math.max(1, Math.min(Math.round((right - left) * byX), WIDTH - Math.max(0, at.left))),
    height: Math.max(1, Math.min(Math.round((bottom - top) * byY), HEIGHT - Math.max(0, at.top))),
  };
  const sharp = await loadSharp();
  const input = await sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(size.width, size.height, { fit: 'fill' })
    .raw()
    .toBuffer();
  const place = { left: Math.max(0, at.left), top: Math.max(0, at.top) };
  return { input, raw: { ...size, channels: 3 as const }, ...place };
}

const typeface = createTypeface(1.4);
const [PADDING, GAP] = [7, 12];

function drawLabels(canvas: Canvas, { pose, scored }: MomentScene, place: (point: Point) => Point): void {
  const labels = angleLabels(pose, scored.angles, scored.side).map((label) => ({
    ...label,
    at: place(label.at),
  }));
  const lines = bonesOf(pose).map(({ points }) => points.filter((point) => point !== undefined).map(place));
  const height = typeface.capHeight + 2 * PADDING;
  const requests = labels.map(({ text, at }) => ({
    anchor: boxAround(at, LINE),
    sizes: [{ width: typeface.measure(text) + 2 * PADDING, height }],
  }));
  const taken = boxesAlong(lines, LINE);
  const places = placeLabels(requests, { width: WIDTH, height: HEIGHT, taken, gap: GAP });
  const colorOf = partColors(scored);
  // Lines first, so that none of them crosses a label.
  for (const [index, { at, part }] of labels.entries()) {
    const box = places[index]?.box;
    if (!box) continue;
    const from = { x: clamp(at.x, box.x_min, box.x_max), y: clamp(at.y, box.y_min, box.y_max) };
    canvas.strokePolyline([from, at], 2.5, { color: colorOf(part), alpha: 0.95 });
  }
  for (const [index, { text, part }] of labels.entries()) {
    const box = places[index]?.box;
    if (!box) continue;
    const color = colorOf(part);
    canvas.fillBox(box, { color, alpha: 0.95 });
    canvas.write(typeface, text, box.x_min + PADDING, box.y_min + PADDING, {
      color: textColorOn(color),
      alpha: 1,
    });
  }
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
const boxAround = ({ x, y }: Point, radius: number): BoundingBox => ({
  ...{ x_min: x - radius, x_max: x + radius, y_min: y - radius, y_max: y + radius },
});
