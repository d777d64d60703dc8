import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runHandler } from '@spillway/sdk/worker';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DetectResult } from '../src/detect/index.ts';
import { startDetect } from '../src/detect/worker.ts';
import type { WorkerInstance } from '../src/worker-instance.ts';

/**
 * The whole worker on models whose outputs can be worked out by hand (`tools/golden/make-onnx-fixtures.py`): class
 * scores are a constant plus the mean of a colour plane, a mask is where the picture is bright inside its box.
 */
const fixtures = path.join(import.meta.dirname, 'fixtures');
const env = {
  DETECTOR_WEIGHTS: path.join(fixtures, 'rfdetr_small-ONNX'),
  SAM_MODEL_PATH: path.join(fixtures, 'sam2.1-tiny-ONNX'),
};
const warnings: string[] = [];
const warn = (message: string) => warnings.push(message);

let worker: WorkerInstance;

beforeAll(async () => {
  worker = await startDetect({ env, warn });
});
afterAll(() => worker.stop());

/** A picture with its left half white and its right half black. */
async function halfWhite(width: number, height: number): Promise<string> {
  const white = { create: { width: width / 2, height, channels: 3 as const, background: '#fff' } };
  const picture = sharp({ create: { ...white.create, width, background: '#000' } });
  const png = await picture
    .composite([{ input: white, left: 0, top: 0 }])
    .png()
    .toBuffer();
  return png.toString('base64');
}

async function detect(input: Record<string, unknown>): Promise<DetectResult> {
  const run = await runHandler(worker.handler, input);
  expect(run.error).toBeUndefined();
  return run.output as DetectResult;
}

const sigmoid = (x: number) => Math.round(10_000 / (1 + Math.exp(-x))) / 10_000;

test('scores, boxes, masks, geometry and the match with the structure are exactly what the models say', async () => {
  const result = await detect({ image: await halfWhite(64, 32), frame_id: 'bridge-7' });
  expect(result).toMatchObject({
    frame_id: 'bridge-7',
    image_size: { width: 64, height: 32 },
    ...{ anomaly_count: 2, structure_count: 1, unsegmented_count: 1 },
  });
  const [wall] = result.structures;
  expect(wall).toMatchObject({ class_name: 'wall', confidence: sigmoid(3.5) });
  expect(wall?.bbox).toEqual({ x_min: 0, y_min: 8, x_max: 64, y_max: 24 });

  const [crack, spalling] = result.anomalies;
  expect(crack).toMatchObject({
    defect_type: 'crack',
    structure_type: 'wall',
    structure_id: wall?.detection_id,
  });
  expect(crack?.bbox).toEqual({ x_min: 0, y_min: 0, x_max: 32, y_max: 16 });
  // Brightness 2.439 against -10 outside: the mask ends 0.196 of a cell (4 x 2 px) behind the last cell's centre.
  expect(crack?.geometry).toMatchObject({ area_pixels: 31 * 15, touches_border: true, centroid: [15, 7] });
  const detection = sigmoid(2.5);
  expect(crack?.confidence).toEqual({
    ...{ detection, segmentation: 0.875, combined: Math.round(1e4 * Math.sqrt(detection * 0.875)) / 1e4 },
    association: Math.round(1e4 * ((32 * 8) / (32 * 16 + 64 * 16 - 32 * 8))) / 1e4,
  });
  expect(spalling).toMatchObject({ defect_type: 'spalling', geometry: { line_like: false } });
  expect(warnings).toEqual([]);
});

test('an anomaly in whose box nothing is found is left out, and counted', async () => {
  const black = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
    .png()
    .toBuffer();
  const none = await detect({ image: black.toString('base64') });
  expect(none).toMatchObject({ anomalies: [], anomaly_count: 0, unsegmented_count: 2, structure_count: 1 });
});

test('masks come as PNGs of the size of the picture when they are asked for', async () => {
  const result = await detect({ image: await halfWhite(64, 32), include_masks: true });
  const [crack] = result.anomalies;
  const png = sharp(Buffer.from(crack?.mask_base64 ?? '', 'base64'));
  expect(await png.metadata()).toMatchObject({ format: 'png', width: 64, height: 32, channels: 1 });
  const data = await png.toColourspace('b-w').raw().toBuffer();
  expect(data.filter((value) => value === 255)).toHaveLength(crack?.geometry.area_pixels ?? -1);
  expect(data.every((value) => value === 0 || value === 255)).toBe(true);
  const without = await detect({ image: await halfWhite(64, 32) });
  expect(without.anomalies[0]).not.toHaveProperty('mask_base64');
});

test('a scale adds millimetres to each anomaly', async () => {
  const { anomalies } = await detect({ image: await halfWhite(64, 32), mm_per_pixel: 0.5 });
  const { area_pixels, area_mm2 = 0 } = anomalies[0]?.geometry ?? {};
  expect(area_mm2).toBe((area_pixels ?? 0) / 4);
});

test('a large picture is cut into tiles, and what is found in them lies where it is in the whole', async () => {
  const tiled = await startDetect({ env: { ...env, DETECTOR_TILE_SIZE: '256' }, warn });
  const run = await runHandler(tiled.handler, {
    image: await halfWhite(1024, 256),
    confidence_threshold: 0.4,
  });
  await tiled.stop();
  const { anomalies, image_size } = run.output as DetectResult;
  expect(image_size).toEqual({ width: 1024, height: 256 });
  const boxes = anomalies.map(({ bbox }) => bbox);
  // The tiles begin at 0, 192, 384, 576 and 768. Each sees a crack at 160 to 224, which is seen in the white half; the
  // one in a tile's upper left corner is cut off by the tile and was found whole.
  expect(boxes).toContainEqual({ x_min: 160, y_min: 128, x_max: 224, y_max: 256 });
  expect(boxes).toContainEqual({ x_min: 352, y_min: 128, x_max: 416, y_max: 256 });
  expect(boxes).not.toContainEqual({ x_min: 192, y_min: 0, x_max: 320, y_max: 128 });
  for (const { geometry, bbox } of anomalies) {
    const [x, y] = geometry.centroid;
    expect(x).toBeGreaterThanOrEqual(bbox.x_min - 1);
    expect(x).toBeLessThanOrEqual(Math.min(bbox.x_max, 512) + 1);
    expect(y).toBeGreaterThanOrEqual(bbox.y_min - 1);
    expect(y).toBeLessThanOrEqual(bbox.y_max + 1);
  }
});

test('a wrong class count ends the start with the count that fits', async () => {
  const official = { ...env, DETECTOR_WEIGHTS: path.join(fixtures, 'official-rf-detr.onnx') };
  await expect(startDetect({ env: { ...official, DETECTOR_NUM_CLASSES: '90' }, warn })).rejects.toThrow(
    /Set it to 2 or leave it out/,
  );
  const bare = await startDetect({ env: { ...official, DETECTOR_NUM_CLASSES: '2' }, warn });
  await bare.stop();
  expect(warnings.at(-1)).toMatch(/results call them class_0/);
});

test('a file that is not what its model.json says ends the start, named by its hash', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-detect-'));
  const file = await readFile(path.join(fixtures, 'official-rf-detr.onnx'));
  const card = {
    ...{ id: 'mine', contract: 'rf-detr', demo: false, licence: 'MIT', source: 'test' },
    files: { 'model.onnx': { sha256: '0'.repeat(64), bytes: file.length } },
  };
  await writeFile(path.join(folder, 'model.onnx'), file);
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(card));
  await expect(startDetect({ env: { ...env, DETECTOR_WEIGHTS: folder }, warn })).rejects.toThrow(
    /The model mine is damaged: .*model\.onnx has another SHA-256/,
  );
  await rm(folder, { recursive: true });
});

test('a model of another contract ends the start with what differs', async () => {
  const wrong = { ...env, DETECTOR_WEIGHTS: path.join(fixtures, 'arithmetic.onnx') };
  await expect(startDetect({ env: wrong, warn })).rejects.toThrow(
    /The detector arithmetic does not fit its contract: input "input" is missing \(it has: numbers, counts\)/,
  );
});
