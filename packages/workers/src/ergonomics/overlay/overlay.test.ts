import { describe, expect, test } from 'vitest';
import type { RgbImage } from '../../media/raster.ts';
import { type Pose, readPose } from '../pose/layouts.ts';
import { drawMannequin, type MannequinAngles } from '../sequence/mannequin.ts';
import { scoreSequence } from '../sequence/score-sequence.ts';
import { sequenceSettingsSchema } from '../sequence/sequence-settings.ts';
import { type Canvas, createRgbCanvas } from './canvas.ts';
import { createOverlay } from './overlay.ts';
import { partColors, rgbOf, SIDE_INKS, UNKNOWN_COLOR } from './part-colors.ts';
import { between, createPersonTrack } from './person-track.ts';

const [WIDTH, HEIGHT] = [800, 800];
const GREY = 120;
const BENT: MannequinAngles = { trunk: 70, neck: 5, leftArm: -15, rightArm: 100, elbow: 80, knee: 10 };
const settings = sequenceSettingsSchema.parse({ smoothing: 'none' });
const poseOf = (angles: MannequinAngles) =>
  readPose('coco17', drawMannequin(angles), { minConfidence: 0.3, is3d: false });

/** One sample a second. */
const samplesOf = (poses: readonly Pose[]) =>
  scoreSequence(
    poses.map((pose, t) => ({ t, pose })),
    {},
    settings,
    false,
  ).samples;

function picture(): RgbImage {
  return { width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT * 3).fill(GREY) };
}
const pixel = ({ data, width }: RgbImage, x: number, y: number) => {
  const at = (Math.round(y) * width + Math.round(x)) * 3;
  return [...data.subarray(at, at + 3)];
};
/** Thin lines are never quite of their colour. */
const isNear = (found: readonly number[], color: readonly number[]) =>
  found.every((value, at) => Math.abs(value - (color[at] ?? 0)) < 30);
const middle = (pose: Pose, a: keyof Pose, b: keyof Pose) => ({
  x: ((pose[a]?.x ?? 0) + (pose[b]?.x ?? 0)) / 2,
  y: ((pose[a]?.y ?? 0) + (pose[b]?.y ?? 0)) / 2,
});
/** What is written, in order, with whatever is drawn besides left out. */
function written(draw: (canvas: Canvas) => void): string[] {
  const texts: string[] = [];
  draw({
    fillBox() {},
    strokePolyline() {},
    fillDisc() {},
    write: (_, text) => texts.push(text),
  });
  return texts;
}

describe('a skeleton', () => {
  const pose = poseOf(BENT);
  const [sample] = samplesOf([pose, pose]);
  const image = picture();
  const person = { id: 'person 1', pose, scored: sample?.scored, isFollowed: true };
  createOverlay({ widthPx: WIDTH, heightPx: HEIGHT }).draw(createRgbCanvas(image), {
    t: 0,
    people: [person],
  });

  test('has each part in the colour of its score, red for the worst', () => {
    expect(sample?.scored.rula?.components).toMatchObject({ trunk: 4, neck: 1 });
    const trunk = middle(pose, 'left_hip', 'left_shoulder');
    expect(pixel(image, trunk.x, trunk.y)).toEqual(rgbOf('#a31621'));
    const left = middle(pose, 'left_shoulder', 'left_elbow');
    expect(pixel(image, left.x, left.y)).toEqual(rgbOf('#2e9e5b'));
  });

  test('has the colour of its side at the edge of its arms', () => {
    for (const side of ['left', 'right'] as const) {
      const elbow = pose[`${side}_elbow`] ?? { x: 0, y: 0 };
      const own = [0, 1, 2, 3, 4, 5].map((step) => pixel(image, elbow.x - step, elbow.y).join());
      expect(own).toContain(SIDE_INKS[side].join());
      expect(own).not.toContain(SIDE_INKS[side === 'left' ? 'right' : 'left'].join());
    }
  });

  test('is grey where no score is known, and of people who only pass by', () => {
    expect(partColors(undefined)('trunk')).toEqual(UNKNOWN_COLOR);
    const other = picture();
    const passing = { ...person, isFollowed: false };
    createOverlay({ widthPx: WIDTH, heightPx: HEIGHT }).draw(createRgbCanvas(other), {
      t: 0,
      people: [passing],
    });
    const trunk = middle(pose, 'left_hip', 'left_shoulder');
    expect(isNear(pixel(other, trunk.x, trunk.y), UNKNOWN_COLOR)).toBe(true);
    expect(pixel(other, 15, 15)).toEqual([GREY, GREY, GREY]);
  });

  test('lies where the person is in a frame of another size than the picture of the pose', () => {
    const half = {
      width: WIDTH / 2,
      height: HEIGHT / 2,
      data: new Uint8Array((WIDTH * HEIGHT * 3) / 4).fill(GREY),
    };
    const overlay = createOverlay({ widthPx: WIDTH / 2, heightPx: HEIGHT / 2, poseWidthPx: WIDTH });
    overlay.draw(createRgbCanvas(half), { t: 0, people: [person] });
    const trunk = middle(pose, 'left_hip', 'left_shoulder');
    expect(isNear(pixel(half, trunk.x / 2, trunk.y / 2), rgbOf('#a31621'))).toBe(true);
  });

  test('leaves out what was not seen', () => {
    const { right_elbow: _, ...armless } = pose;
    const other = picture();
    const people = [{ ...person, pose: armless }];
    createOverlay({ widthPx: WIDTH, heightPx: HEIGHT }).draw(createRgbCanvas(other), { t: 0, people });
    const arm = middle(pose, 'right_elbow', 'right_wrist');
    expect(pixel(other, arm.x, arm.y)).toEqual([GREY, GREY, GREY]);
  });
});

describe('the panel', () => {
  const overlay = createOverlay({ widthPx: 1280, heightPx: 720 });
  const pose = poseOf(BENT);
  const [sample] = samplesOf([pose, pose]);

  test('tells who, when, and the scores of the moment with their levels, of both sides', () => {
    const { scored } = sample ?? {};
    const people = [{ id: 'person 2', pose: undefined, scored, isFollowed: true }];
    expect(written((canvas) => overlay.draw(canvas, { t: 75.24, people }))).toEqual([
      ...['person 2', '1:15.2', 'RULA', '5', 'change soon', 'REBA', '3', 'low'],
      ...['left', '4 · 2', 'right', '5 · 3'],
    ]);
  });

  test('says "not seen" where nothing is known', () => {
    const people = [{ id: 'person 1', pose: undefined, scored: undefined, isFollowed: true }];
    const texts = written((canvas) => overlay.draw(canvas, { t: 0, people }));
    expect(texts.filter((text) => text === 'not seen')).toHaveLength(4);
  });

  test('says "no score" of somebody who is seen without one', () => {
    const people = [{ id: 'person 1', pose, scored: undefined, isFollowed: true }];
    const texts = written((canvas) => overlay.draw(canvas, { t: 0, people }));
    expect(texts.filter((text) => text === 'no score')).toHaveLength(4);
    expect(texts).not.toContain('not seen');
  });

  test('is there for each of those who are followed, as long as there is room', () => {
    const people = Array.from({ length: 12 }, (_, at) => ({
      ...{ id: `person ${at}`, pose: undefined, scored: sample?.scored, isFollowed: at > 0 },
    }));
    const texts = written((canvas) => overlay.draw(canvas, { t: 0, people }));
    expect(texts.filter((text) => text.startsWith('person'))).toEqual([
      'person 1',
      'person 2',
      'person 3',
      'person 4',
    ]);
  });
});

describe('between samples', () => {
  const [low, high] = [poseOf({ ...BENT, trunk: 0 }), poseOf(BENT)];

  test('the body moves on, and the score stays that of the sample', () => {
    const samples = samplesOf([low, high]);
    const track = createPersonTrack('person 1', samples);
    const { pose, scored } = track(0.25);
    const [from, to] = [low.nose?.x ?? 0, high.nose?.x ?? 0];
    expect(pose?.nose?.x).toBeCloseTo(from + 0.25 * (to - from), 6);
    expect(scored).toEqual(samples.at(0)?.scored);
    expect(track(1).scored).toEqual(samples.at(1)?.scored);
    expect(track(1).pose).toEqual(samples.at(1)?.pose);
  });

  test('a gap, the time before and the time after have nobody', () => {
    const samples = samplesOf([low, low, low, {}, {}, high]);
    const track = createPersonTrack('person 1', samples);
    expect(track(2.9).pose).toEqual(low);
    for (const t of [-0.5, 3.5, 4.99, 6.5]) {
      expect(track(t)).toMatchObject({ id: 'person 1', pose: undefined, scored: undefined });
    }
    expect(track(5.2)).toMatchObject({ pose: high, scored: samples.at(5)?.scored });
  });

  test('samples that lie far apart are not joined', () => {
    const frames = [0, 1, 2, 3, 60].map((t) => ({ t, pose: low }));
    const track = createPersonTrack('person 1', scoreSequence(frames, {}, settings, false).samples);
    expect(track(3.5).pose).toEqual(low);
    expect(track(30).pose).toBeUndefined();
  });

  test('a point that is not seen again stays where it was', () => {
    const { nose: _, ...faceless } = high;
    expect(between(low, faceless, 0.5).nose).toEqual(low.nose);
  });
});
