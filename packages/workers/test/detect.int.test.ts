import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runHandler } from '@spillway/sdk/worker';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DetectResult, MeasureResult } from '../src/detect/index.ts';
import { startDetect } from '../src/detect/worker.ts';
import type { WorkerInstance } from '../src/worker-instance.ts';

/** The worker on the demo models of this package: the shape of its answers, and that nothing wrong brings it down. */
const photos = path.join(import.meta.dirname, '../../../examples/defects/photos');
let worker: WorkerInstance;
let crack: string;

beforeAll(async () => {
  const env = {
    DETECTOR_VARIANT: 'nano',
    SAM_MODEL_PATH: 'demo-sam2.1-tiny',
    DETECTOR_WEIGHTS: 'demo-rf-detr-nano',
  };
  worker = await startDetect({ env, warn: () => undefined });
  crack = (await readFile(path.join(photos, 'wall-crack.jpg'))).toString('base64');
});
afterAll(() => worker.stop());

test('an answer has every field that users of the service know, and says which models made it', async () => {
  const run = await runHandler(worker.handler, { image: crack });
  const result = run.output as DetectResult;
  expect(Object.keys(result)).toEqual(
    expect.arrayContaining([
      ...['frame_id', 'image_size', 'anomalies', 'anomaly_count', 'structures', 'structure_count'],
      ...['processing_time_ms', 'detector_time_ms', 'segmenter_time_ms', 'models'],
    ]),
  );
  expect(result.frame_id).toMatch(/^frame_[0-9a-f]{8}$/);
  expect(result.anomaly_count).toBe(result.anomalies.length);
  expect(result.models).toMatchObject({
    detector: { id: 'demo-rf-detr-nano', contract: 'rf-detr', variant: 'nano', demo: true },
    segmenter: { id: 'demo-sam2.1-tiny', contract: 'sam2', demo: true },
  });
  const found = result.anomalies.find((anomaly) => anomaly.defect_type === 'crack');
  expect(found).toMatchObject({
    anomaly_id: expect.stringMatching(/^anom_[0-9a-f]{8}$/),
    structure_type: null,
    structure_id: null,
    bbox: {
      x_min: expect.any(Number),
      y_min: expect.any(Number),
      x_max: expect.any(Number),
      y_max: expect.any(Number),
    },
    geometry: {
      ...{
        area_pixels: expect.any(Number),
        length_pixels: expect.any(Number),
        width_pixels: expect.any(Number),
      },
      ...{ orientation_degrees: expect.any(Number), perimeter_pixels: expect.any(Number), line_like: true },
      ...{
        aspect_ratio: expect.any(Number),
        solidity: expect.any(Number),
        centroid: [expect.any(Number), expect.any(Number)],
      },
    },
    confidence: { detection: expect.any(Number), segmentation: expect.any(Number), association: null },
  });
  const { detection = 0, segmentation = 0, combined } = found?.confidence ?? {};
  expect(combined).toBeCloseTo(Math.sqrt(detection * segmentation), 3);
});

test('progress goes through the stages, never back', async () => {
  const { progress } = await runHandler(worker.handler, { image: crack });
  const steps = progress as { stage: string; percent: number }[];
  expect(steps.map(({ stage }) => stage)).toEqual(['decode', 'detect', 'segment', 'measure']);
  const percents = steps.map(({ percent }) => percent);
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
});

test('the main thread stays free while a picture is worked on', async () => {
  let isRunning = true;
  let turns = 0;
  const turn = () => {
    turns += 1;
    if (isRunning) {
      setImmediate(turn);
    }
  };
  setImmediate(turn);
  await runHandler(worker.handler, { image: crack });
  isRunning = false;
  // A main thread that ran the models itself would turn once between two of its few steps.
  expect(turns).toBeGreaterThan(500);
});

/** A PNG whose header claims a size; the data that would follow are not there. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(33);
  header.write('89504e470d0a1a0a0000000d49484452', 'hex');
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.set([8, 2, 0, 0, 0], 24);
  return header;
}

test.each([
  [
    'no picture',
    () => Buffer.from('this is text').toString('base64'),
    /JPEG, PNG, WebP and GIF are accepted/,
  ],
  ['a picture cut off in the middle', () => crack.slice(0, 20_000), /cut off/],
  [
    'a header of 30 000 x 30 000 pixels',
    () => pngHeader(30_000, 30_000).toString('base64'),
    /more than the limit/,
  ],
  ['text that is no base64', () => `${crack.slice(0, 1000)}§§§`, /not valid base64/],
  ['a URL', () => 'https://example.com/photo.jpg', /is a URL/],
])('%s fails the job with a sentence, and the worker goes on', async (_, image, sentence) => {
  const bad = await runHandler(worker.handler, { image: image() });
  expect(bad).toMatchObject({ status: 'FAILED', failureType: 'INPUT_INVALID', output: undefined });
  expect(bad.error).toMatch(sentence);
  expect(bad.error).not.toMatch(/\n| at .*\.ts/);
  const good = await runHandler(worker.handler, { image: `data:image/jpeg;base64,${crack}` });
  expect(good.status).toBe('COMPLETED');
});

test('a cancelled job ends early and leaves the worker to the next one', async () => {
  const run = await runHandler(worker.handler, { image: crack }, { cancelAfterProgress: 2 });
  expect(run.status).toBe('CANCELLED');
  const next = await runHandler(worker.handler, { image: crack });
  expect(next.status).toBe('COMPLETED');
});

async function maskOf(draw: (x: number, y: number) => boolean, size = 64): Promise<string> {
  const data = Buffer.from(
    Array.from({ length: size * size }, (_, at) => (draw(at % size, Math.floor(at / size)) ? 255 : 0)),
  );
  return (
    await sharp(data, { raw: { width: size, height: size, channels: 1 } })
      .png()
      .toBuffer()
  ).toString('base64');
}

test('masks of the caller are measured, one instance each, the largest first', async () => {
  const mask = await maskOf((x, y) => (y >= 10 && y < 14 && x >= 5 && x < 55) || (x < 3 && y > 60));
  const run = await runHandler(worker.handler, { action: 'measure', mask, mm_per_pixel: 0.5 });
  const { instances } = run.output as MeasureResult;
  expect(instances.map(({ bbox }) => bbox)).toEqual([
    { x_min: 5, y_min: 10, x_max: 55, y_max: 14 },
    { x_min: 0, y_min: 61, x_max: 3, y_max: 64 },
  ]);
  expect(instances[0]?.geometry).toMatchObject({ area_pixels: 200, area_mm2: 50, orientation_degrees: 0 });
  expect(instances[1]?.geometry).toMatchObject({ area_pixels: 9, touches_border: true });
});

test('an empty mask has no instances', async () => {
  const run = await runHandler(worker.handler, { action: 'measure', mask: await maskOf(() => false) });
  expect(run).toMatchObject({ status: 'COMPLETED', output: { instances: [] } });
});

test('a mask that is no PNG is refused by its own name', async () => {
  const run = await runHandler(worker.handler, { action: 'measure', mask: crack });
  expect(run.error).toMatch(/^mask is a JPEG; masks must be PNG/);
});
