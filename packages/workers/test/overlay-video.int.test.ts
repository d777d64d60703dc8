import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeOverlayVideo } from '../src/ergonomics/overlay/overlay-video.ts';
import { createPersonTrack } from '../src/ergonomics/overlay/person-track.ts';
import { readPose } from '../src/ergonomics/pose/layouts.ts';
import { drawMoments } from '../src/ergonomics/report/draw-moment.ts';
import { readMomentFrames } from '../src/ergonomics/report/moment-frames.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';
import { scoreSequence } from '../src/ergonomics/sequence/score-sequence.ts';
import { sequenceSettingsSchema } from '../src/ergonomics/sequence/sequence-settings.ts';
import { findWorstMoments } from '../src/ergonomics/sequence/worst-moments.ts';
import { probeVideo, type VideoInfo } from '../src/video/index.ts';
import { collect, ffmpeg, hasFfmpeg, makeFolder, X264 } from './test-videos.ts';

/** A grey video of two seconds with sound, poses at 5 a second in pictures of twice its size, scored and drawn in. */
const settings = sequenceSettingsSchema.parse({ smoothing: 'none' });
const trunkAt = (t: number) => 10 + 30 * t;
const sequence = scoreSequence(
  Array.from({ length: 10 }, (_, at) => {
    const angles = { trunk: trunkAt(at / 5), neck: 10, leftArm: -20, rightArm: 80, elbow: 60, knee: 20 };
    return {
      t: at / 5,
      pose: readPose('coco17', drawMannequin(angles), { minConfidence: 0.3, is3d: false }),
    };
  }),
  {},
  settings,
  false,
);
const POSE_WIDTH = 800;

describe.skipIf(!hasFfmpeg)('an overlay video', () => {
  const { folder, remove } = makeFolder();
  const [source, toPath] = [path.join(folder, 'work.mp4'), path.join(folder, 'overlay.mp4')];
  let video: VideoInfo;
  beforeAll(async () => {
    const picture = ['-f', 'lavfi', '-i', 'color=c=0x787878:size=400x450:rate=25:duration=2'];
    const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=2'];
    ffmpeg(...picture, ...sound, ...X264, '-c:a', 'aac', '-shortest', source);
    video = await probeVideo(source);
    const people = [createPersonTrack('person 1', sequence.samples)];
    await writeOverlayVideo({ source, video, toPath, people, poseWidthPx: POSE_WIDTH });
  });
  afterAll(remove);

  test('has every frame of its source at its own time, and its sound', async () => {
    const [before, after] = [await collect(source), await collect(toPath)];
    expect(after.map(({ timeMs }) => Math.round(timeMs))).toEqual(
      before.map(({ timeMs }) => Math.round(timeMs)),
    );
    expect(await probeVideo(toPath)).toMatchObject({
      widthPx: 400,
      heightPx: 450,
      codec: 'h264',
      hasAudio: true,
    });
  });

  test('shows the body where it is between two samples, too, and the panel', async () => {
    const [frame] = await collect(toPath, { fromMs: 1095, toMs: 1140 });
    const color = (x: number, y: number) => {
      const at = (Math.round(y) * 400 + Math.round(x)) * 3;
      return [...(frame?.data.subarray(at, at + 3) ?? [])];
    };
    // The hip is at (400, 500) of the pose's picture, the trunk 200 long; half way up, at half the size.
    const lean = (trunkAt((frame?.timeMs ?? 0) / 1000) * Math.PI) / 180;
    const [red = 0, green = 0, blue = 0] = color(200 + 50 * Math.sin(lean), 250 - 50 * Math.cos(lean));
    expect(red).toBeGreaterThan(180);
    expect(red - blue).toBeGreaterThan(60);
    expect(green).toBeGreaterThan(blue);
    expect(Math.max(...color(12, 12))).toBeLessThan(90);
    expect(color(390, 440).every((value) => Math.abs(value - 120) < 8)).toBe(true);
  });

  test('gives its frames to the pictures of worst moments', async () => {
    const frameAt = readMomentFrames({ source, video, poseWidthPx: POSE_WIDTH });
    expect((await frameAt(1.2))?.frame).toMatchObject({ width: 400, height: 450 });
    expect(await frameAt(30)).toBeUndefined();
    const moments = findWorstMoments(sequence);
    const pictures = await drawMoments(sequence, moments, frameAt);
    expect(pictures.map(({ rank }) => rank)).toEqual(moments.map(({ rank }) => rank));
    const empty = await drawMoments(sequence, moments);
    expect(pictures[0]?.jpeg).not.toEqual(empty[0]?.jpeg);
  });
});
