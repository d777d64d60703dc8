import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILT_IN_MODELS } from '../src/engines/model-folders.ts';
import { loadModel } from '../src/engines/models.ts';
import { createOnnxEngine } from '../src/engines/onnx.ts';
import { measurePicture } from '../src/ergonomics/pose/angles-2d.ts';
import type { SideAngles } from '../src/ergonomics/pose/body-angles.ts';
import { readPose } from '../src/ergonomics/pose/layouts.ts';
import { createPersonDetector } from '../src/pose/person-detector.ts';
import { createPoseEstimator, type PoseEstimator } from '../src/pose/pose-estimator.ts';
import { placeFigure } from './mannequin/figure.ts';
import { type FilmFrame, filmScene } from './mannequin/film.ts';
import { createChance } from './mannequin/random.ts';
import { randomPosture } from './mannequin/random-picture.ts';
import { SCENES, type SceneName } from './mannequin/scenes.ts';
import { type PersonTruth, trueAngles } from './mannequin/truth.ts';
import { loopVideo, writeTruth, writeVideo } from './mannequin/video.ts';
import { hasFfmpeg } from './test-videos.ts';

const SIZE = { widthPx: 854, heightPx: 480 };

/** Degrees by which what is read from points differs from what a person was drawn with; angles that can't be read are left out. */
function angleErrors(
  points: readonly (readonly number[])[],
  { view, facing, angles }: Pick<PersonTruth, 'view' | 'facing' | 'angles'>,
): number[] {
  const pose = readPose('coco17', points, { minConfidence: 0.3, is3d: false });
  const { left, right, ...trunk } = measurePicture(pose, view, facing === -1 ? -1 : 1);
  const { left: trueLeft, right: trueRight, ...trueTrunk } = angles;
  const pairs = [
    [trunk as SideAngles, trueTrunk],
    [left, trueLeft],
    [right, trueRight],
  ] as const;
  return pairs.flatMap(([found, truth]) =>
    Object.entries(truth).flatMap(([name, degrees]) => {
      const measured = found[name as keyof SideAngles];
      return measured ? [Math.abs(measured.degrees - degrees)] : [];
    }),
  );
}

const framesOf = (scene: SceneName, framesPerSecond: number): Iterable<FilmFrame> =>
  filmScene(SCENES[scene], { ...SIZE, framesPerSecond });

const pictureOf = ({ rgb }: FilmFrame) => ({
  width: SIZE.widthPx,
  height: SIZE.heightPx,
  data: new Uint8Array(rgb),
});

test('figures have the angles that they were drawn with', () => {
  const chance = createChance(7);
  for (let count = 0; count < 300; count++) {
    const posture = randomPosture(chance);
    const { points } = placeFigure(posture, { x: 200, groundY: 300, heightPx: 250 });
    const facing = posture.view === 'front' ? 0 : posture.facing;
    const errors = angleErrors(
      points.map(({ x, y }) => [x, y, 1]),
      { view: posture.view, facing, angles: trueAngles(posture) },
    );
    expect(errors).toHaveLength(8);
    expect(Math.max(...errors)).toBeLessThan(0.01);
  }
});

test('scenes end as they begin, and the one who leaves is away for a while', () => {
  for (const scene of Object.values(SCENES)) {
    // Whoever turns round does so at once; the hips stay where they are.
    const hipsAt = (timeMs: number) =>
      scene
        .peopleAt(timeMs, SIZE)
        .flatMap(({ posture, place }) => placeFigure(posture, place).points[11] ?? []);
    const [first, last] = [hipsAt(0), hipsAt(scene.durationMs - 1)];
    expect(first).toHaveLength(last.length);
    const jumps = first.map(({ x, y }, index) =>
      Math.hypot(x - (last[index]?.x ?? 0), y - (last[index]?.y ?? 0)),
    );
    expect(Math.max(0, ...jumps)).toBeLessThan(30);
  }
  const away = [...framesOf('leaving', 2)].filter(({ people }) => people.length === 0);
  expect(away.length).toBeGreaterThanOrEqual(4);
  const hidden = [...framesOf('crossing', 4)].flatMap(({ people }) =>
    people.filter(({ seen }) => seen < 0.7),
  );
  expect(hidden.length).toBeGreaterThan(0);
});

describe('the demo pose model', () => {
  let estimator: PoseEstimator;
  beforeAll(async () => {
    const model = await loadModel(path.join(BUILT_IN_MODELS, 'demo-vitpose-markers'), ['vitpose']);
    estimator = createPoseEstimator(model, await createOnnxEngine(model.files.model ?? '', { threads: 1 }));
  });
  afterAll(() => estimator.dispose());

  async function read(frame: FilmFrame) {
    const image = pictureOf(frame);
    const boxes = frame.people.map(({ box: [x_min, y_min, x_max, y_max] }) => ({
      x_min,
      y_min,
      x_max,
      y_max,
    }));
    return estimator.estimate(boxes.map((box) => ({ image, box })));
  }

  test.each(['lifting', 'front'] as const)('finds joints and angles of a person: %s', async (scene) => {
    const angles: number[] = [];
    for (const frame of framesOf(scene, 2)) {
      const [person] = frame.people;
      const keypoints = (await read(frame))[0]?.keypoints ?? [];
      if (!person) throw new Error('Somebody is in all pictures of these scenes.');
      for (const [index, [x, y, seen]] of person.keypoints.entries()) {
        const [foundX = 0, foundY = 0, confidence = 0] = keypoints[index] ?? [];
        if (seen < 0.9) continue;
        expect(confidence).toBeGreaterThan(0.3);
        expect(Math.hypot(foundX - x, foundY - y)).toBeLessThan(3);
      }
      angles.push(...angleErrors(keypoints, person));
    }
    angles.sort((a, b) => a - b);
    expect(angles.length).toBeGreaterThan(80);
    expect(angles[Math.floor(angles.length / 2)]).toBeLessThan(0.5);
    expect(angles[Math.floor(angles.length * 0.95)]).toBeLessThan(2);
  });

  test('believes in no joint where nobody is', async () => {
    const [frame] = framesOf('empty', 1);
    if (!frame) throw new Error('The scene has pictures.');
    const box = { x_min: 200, y_min: 50, x_max: 400, y_max: 450 };
    const [pose] = await estimator.estimate([{ image: pictureOf(frame), box }]);
    expect(pose?.keypoints.every(([, , confidence]) => confidence < 0.3)).toBe(true);
  });
});

test('the demo detector finds the people of a scene, and nobody in an empty room', async () => {
  const model = await loadModel(path.join(BUILT_IN_MODELS, 'demo-person-markers'), ['rf-detr']);
  const engine = await createOnnxEngine(model.files.model ?? '', { threads: 1 });
  expect(engine.outputs.map(({ name, shape }) => [name, shape])).toEqual([
    ['dets', [1, 100, 4]],
    ['labels', [1, 100, 2]],
  ]);
  const detector = createPersonDetector(model, engine);
  for (const [scene, people] of [
    ['lifting', 1],
    ['crossing', 2],
    ['empty', 0],
  ] as const) {
    const [frame] = framesOf(scene, 1);
    if (!frame) throw new Error('All scenes have pictures.');
    const found = await detector.find(pictureOf(frame), { threshold: 0.5, maxPeople: 10 });
    expect(found).toHaveLength(people);
    for (const { box } of frame.people) {
      const best = Math.max(
        ...found.map(({ box: { x_min, y_min, x_max, y_max } }) => overlap(box, [x_min, y_min, x_max, y_max])),
      );
      // The demo model places people better than it measures them.
      expect(best).toBeGreaterThan(0.5);
    }
  }
  await detector.dispose();
});

type Edges = readonly [left: number, top: number, right: number, bottom: number];

/** Area of what two boxes share, of what they cover together. */
function overlap(a: Edges, b: Edges): number {
  const wide = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const high = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = ([left, top, right, bottom]: Edges) => (right - left) * (bottom - top);
  return (wide * high) / (area(a) + area(b) - wide * high);
}

test.skipIf(!hasFfmpeg)(
  'videos are written with their truth, and repeated without drawing them again',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-mannequin-'));
    try {
      const file = path.join(folder, 'a.mp4');
      const options = { widthPx: 320, heightPx: 180, framesPerSecond: 10, durationMs: 600 };
      const truth = await writeVideo(file, 'lifting', options);
      await loopVideo(file, path.join(folder, 'long.mp4'), 3000);
      await writeTruth(path.join(folder, 'a.json'), truth);
      expect([frameCount(file), frameCount(path.join(folder, 'long.mp4'))]).toEqual([6, 30]);
      const stored = JSON.parse(await readFile(path.join(folder, 'a.json'), 'utf8'));
      expect(stored).toEqual(truth);
      expect(stored.frames[3]).toMatchObject({ t: 0.3, people: [{ id: 1, angles: { trunk_flexion: 3 } }] });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

function frameCount(file: string): number {
  const what = ['-count_frames', '-select_streams', 'v', '-show_entries', 'stream=nb_read_frames'];
  const { stdout } = spawnSync('ffprobe', ['-v', 'error', ...what, '-of', 'csv=p=0', file], {
    encoding: 'utf8',
  });
  return Number.parseInt(stdout, 10);
}
