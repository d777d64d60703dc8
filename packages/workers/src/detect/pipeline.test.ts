import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Model } from '../engines/models.ts';
import { createPipeline, type DetectRequest, type PipelineParts } from './pipeline.ts';
import type { Detection } from './rf-detr.ts';
import type { Segmentation } from './sam.ts';

const model: Model = {
  ...{
    id: 'm',
    contract: 'rf-detr',
    isDemo: true,
    origin: 'card',
    labels: {},
    path: '/m',
    files: {},
    hashes: [],
  },
};

const whole = { x_min: 0, y_min: 0, x_max: 20, y_max: 10 };

function createParts(
  detections: readonly Detection[],
  answers: readonly Segmentation[],
  calls: string[] = [],
): PipelineParts {
  let ids = 0;
  let time = 0;
  return {
    detector: {
      detect: async () => {
        calls.push('detect');
        return [...detections];
      },
      dispose: async () => undefined,
    },
    segmenter: {
      embed: async () => {
        calls.push('embed');
        return { tensors: {}, width: 20, height: 10 };
      },
      segment: async () => {
        calls.push('segment');
        return [...answers];
      },
      dispose: async () => undefined,
    },
    models: { detector: model, segmenter: model },
    tiling: { tileSize: 0, overlap: 0 },
    matching: 'overlap',
    randomHex: () => String(++ids).padStart(8, '0'),
    now: () => (time += 10),
  };
}

const picture = sharp({ create: { width: 20, height: 10, channels: 3, background: '#888' } })
  .png()
  .toBuffer();

async function requestOf(changes: Partial<DetectRequest> = {}): Promise<DetectRequest> {
  const image = (await picture).toString('base64');
  return { action: 'detect', image, includeMasks: false, threshold: 0.3, ...changes };
}

const context = (signal: AbortSignal = new AbortController().signal) => {
  const stages: unknown[] = [];
  return { stages, context: { signal, progress: (value: unknown) => stages.push(value) } };
};

const bar: Segmentation = {
  score: 0.9,
  placed: { x: 2, y: 3, mask: { width: 8, height: 1, data: new Uint8Array(8).fill(1) } },
};

test('ids are prefixes with eight hex digits, and structures are not segmented', async () => {
  const calls: string[] = [];
  const parts = createParts(
    [
      { label: 'beam', score: 0.8, box: whole },
      { label: 'crack', score: 0.7, box: { x_min: 1.5, y_min: 2.25, x_max: 11, y_max: 5 } },
    ],
    [bar],
    calls,
  );
  const result = await createPipeline(parts).detect(await requestOf(), context().context);
  expect(result.structures).toEqual([
    { detection_id: 'det_00000001', class_name: 'beam', confidence: 0.8, bbox: whole },
  ]);
  expect(result).toMatchObject({ frame_id: 'frame_00000003', anomaly_count: 1 });
  expect(result.anomalies[0]).toMatchObject({
    ...{ anomaly_id: 'anom_00000002', structure_type: 'beam', structure_id: 'det_00000001' },
    bbox: { x_min: 1, y_min: 2, x_max: 11, y_max: 5 },
    geometry: { area_pixels: 8, centroid: [5.5, 3], touches_border: false },
  });
  expect(calls).toEqual(['detect', 'embed', 'segment']);
});

test('a picture without anomalies is not embedded', async () => {
  const calls: string[] = [];
  const result = await createPipeline(createParts([], [], calls)).detect(
    await requestOf(),
    context().context,
  );
  expect(result).toMatchObject({ anomalies: [], structures: [] });
  expect(calls).toEqual(['detect']);
});

test('a box without area is no detection', async () => {
  const flat = { label: 'crack', score: 0.7, box: { ...whole, x_max: 0 } };
  const result = await createPipeline(createParts([flat], [bar])).detect(
    await requestOf(),
    context().context,
  );
  expect(result).toMatchObject({ anomaly_count: 0, unsegmented_count: 0 });
});

test('work that was cancelled ends at its next stage', async () => {
  const calls: string[] = [];
  const controller = new AbortController();
  const { stages, context: running } = context(controller.signal);
  const parts = createParts([{ label: 'crack', score: 0.7, box: whole }], [bar], calls);
  const progress = (value: unknown) => {
    running.progress(value);
    if (stages.length === 3) {
      controller.abort(new Error('cancelled'));
    }
  };
  const work = createPipeline(parts).detect(await requestOf(), { ...running, progress });
  await expect(work).rejects.toThrow('cancelled');
  expect(calls).toEqual(['detect']);
});

test('warming up goes once through both models, and stops when a job comes', async () => {
  const calls: string[] = [];
  const pipeline = createPipeline(createParts([], [], calls));
  await pipeline.warmUp(new AbortController().signal);
  expect(calls).toEqual(['detect', 'embed', 'segment']);
  await expect(pipeline.warmUp(AbortSignal.abort(new Error('a job came')))).rejects.toThrow('a job came');
  expect(calls).toHaveLength(3);
});
