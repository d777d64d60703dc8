import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readPose } from '../src/ergonomics/pose/layouts.ts';
import { drawMoment, drawMoments } from '../src/ergonomics/report/draw-moment.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';
import { scoreSequence } from '../src/ergonomics/sequence/score-sequence.ts';
import { sequenceSettingsSchema } from '../src/ergonomics/sequence/sequence-settings.ts';
import { findWorstMoments } from '../src/ergonomics/sequence/worst-moments.ts';

/** Pictures of worst moments, read back as a viewer would. */
const settings = sequenceSettingsSchema.parse({ smoothing: 'none' });
const bent = drawMannequin({ trunk: 70, neck: 10, leftArm: 20, rightArm: 60, elbow: 60, knee: 20 });
const pose = readPose('coco17', bent, { minConfidence: 0.3, is3d: false });
const sequence = scoreSequence(
  Array.from({ length: 10 }, (_, at) => ({ t: at / 10, pose })),
  {},
  settings,
  false,
);
const [sample] = sequence.samples;
if (!sample) throw new Error('there are samples');
const { scored } = sample;

/** A blue frame, 1200 by 900. */
const frame = { width: 1200, height: 900, data: Buffer.alloc(1200 * 900 * 3) };
for (let at = 2; at < frame.data.length; at += 3) frame.data[at] = 255;

async function read(jpeg: Uint8Array) {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const near = (x: number, y: number, color: readonly number[]) => {
    const at = (y * info.width + x) * 3;
    return color.every((value, channel) => Math.abs((data[at + channel] ?? 0) - value) < 24);
  };
  const share = (color: readonly number[]) => {
    let count = 0;
    for (let y = 0; y < info.height; y += 1)
      for (let x = 0; x < info.width; x += 1) count += near(x, y, color) ? 1 : 0;
    return count / (info.width * info.height);
  };
  return { info, near, share };
}
const [DARK_RED, BLUE, GROUND] = [
  [163, 22, 33],
  [0, 0, 255],
  [236, 239, 243],
] as const;

test('a picture shows the person cut out of the frame, and the trunk in the colour of its score', async () => {
  const before = Buffer.from(frame.data);
  const picture = await drawMoment({ rank: 3, pose, scored, frame });
  expect(picture).toMatchObject({ rank: 3, widthPx: 480, heightPx: 600 });
  const { info, share } = await read(picture?.jpeg ?? Buffer.alloc(0));
  expect(info).toMatchObject({ width: 480, height: 600, format: 'raw' });
  expect(share(BLUE)).toBeGreaterThan(0.6);
  // The joints alone are as light.
  expect(share(GROUND)).toBeLessThan(0.02);
  // A line of 7 pixels over a good part of the picture, and its label.
  expect(share(DARK_RED)).toBeGreaterThan(0.008);
  expect(frame.data.equals(before)).toBe(true);
});

test('a person at the edge of the frame is shown, with empty ground where the frame ends', async () => {
  const small = { width: 500, height: 420, data: frame.data.subarray(0, 500 * 420 * 3) };
  const picture = await drawMoment({ rank: 1, pose, scored, frame: small });
  const { share } = await read(picture?.jpeg ?? Buffer.alloc(0));
  expect(share(BLUE)).toBeGreaterThan(0.08);
  expect(share(GROUND)).toBeGreaterThan(0.1);
});

test('a person who is as tall as the frame has no rim around it', async () => {
  const ys = Object.values(pose).map(({ y }) => y);
  const [top, tall] = [Math.min(...ys) - 8, Math.ceil(Math.max(...ys) - Math.min(...ys)) + 16];
  const raised = Object.fromEntries(
    Object.entries(pose).map(([name, at]) => [name, { ...at, y: at.y - top }]),
  );
  const low = { width: 1200, height: tall, data: frame.data.subarray(0, 1200 * tall * 3) };
  const picture = await drawMoment({ rank: 1, pose: raised, scored, frame: low });
  const { share } = await read(picture?.jpeg ?? Buffer.alloc(0));
  expect(share(GROUND)).toBeLessThan(0.02);
});

test('a pose found in a smaller picture fits the frame', async () => {
  const shrunk = readPose(
    'coco17',
    bent.map((point) => point && [(point[0] ?? 0) / 2, (point[1] ?? 0) / 2, 0.9]),
    { minConfidence: 0.3, is3d: false },
  );
  const half = await drawMoment({ rank: 1, pose: shrunk, scored, frame, poseWidthPx: 600 });
  const whole = await drawMoment({ rank: 1, pose, scored, frame });
  expect(half?.jpeg).toEqual(whole?.jpeg);
});

test('without a video the skeleton stands on empty ground, and without a pose there is no picture', async () => {
  const picture = await drawMoment({ rank: 1, pose, scored });
  const { share } = await read(picture?.jpeg ?? Buffer.alloc(0));
  expect(share(GROUND)).toBeGreaterThan(0.6);
  expect(await drawMoment({ rank: 1, pose: {}, scored })).toBeUndefined();
});

test('each worst moment gets the frame of its own time', async () => {
  const moments = findWorstMoments(sequence);
  const asked: number[] = [];
  const pictures = await drawMoments(sequence, moments, async (t) => {
    asked.push(t);
    return { frame };
  });
  expect(asked).toEqual(moments.map(({ t }) => t));
  expect(pictures.map(({ rank }) => rank)).toEqual(moments.map(({ rank }) => rank));
});
