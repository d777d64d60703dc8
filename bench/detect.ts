import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { runHandler } from '@spillway/sdk/worker';
import { type DetectResult, startDetect } from '@spillway/workers/detect';
import type * as Ort from 'onnxruntime-node';
import type { BenchResult } from './bench-result.ts';
import { median, quantile } from './figures.ts';
import { measureFirstResult } from './first-result.ts';

/**
 * The whole way from an encoded picture to measured defects, against the time that its models alone take. "Raw" is the
 * sum of the sessions' own run times for the same pictures, one after the other with nothing beside them, set up in the
 * way that is fastest here. The ratio is raw time over our time for an image: 1 means that decoding, resampling, masks
 * and geometry cost nothing. All sides take turns, so that what else the machine does meets them alike.
 */
const PHOTOS = path.join(import.meta.dirname, '../examples/defects/photos');
const MODELS = path.join(import.meta.dirname, '../packages/workers/src/models');
const ROUNDS = 7;
/** Passes over the photos in one round of the pipeline. */
const PASSES = 2;
const STARTS = 5;

interface Photo {
  readonly name: string;
  readonly base64: string;
}

interface Side {
  readonly label: string;
  /** Milliseconds an image, one value a round. */
  readonly rounds: number[];
  run(): Promise<number>;
}

export async function benchDetect(): Promise<BenchResult> {
  const photos = await readPhotos();
  const single = await createPipelineSide('one job at a time', 1, photos);
  const double = await createPipelineSide('two jobs at a time', 2, photos);
  const boxCounts = await countBoxes(single.handler, photos);
  const raws: Side[] = [];
  for (const [label, options] of RAW_SETTINGS) {
    raws.push(await createRawSide(label, options, boxCounts));
  }
  const sides: Side[] = [...raws, single, double];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const side of sides) {
      const time = await side.run();
      // The first round only warms up.
      if (round > 0) {
        side.rounds.push(time);
      }
    }
  }
  await single.stop();
  await double.stop();
  const raw = raws.reduce((best, side) => (median(side.rounds) < median(best.rounds) ? side : best));
  const [first] = photos;
  const starts = await measureFirstResult(
    { worker: 'detect', env: { DETECTOR_VARIANT: 'nano' }, input: { image: first?.base64 ?? '' } },
    STARTS,
  );

  const ratio = (side: Side) => round2(median(raw.rounds) / median(side.rounds));
  const ratios = { vsRawSessions: ratio(double), vsRawSessionsOneAtATime: ratio(single) };
  return {
    ratios,
    figures: {
      imagesPerSecond: { raw: perSecond(raw), oneAtATime: perSecond(single), twoAtATime: perSecond(double) },
      latencyMs: { image: percentiles(single.rounds), spawnToFirstResult: percentiles(starts) },
      cores: availableParallelism(),
      photos: photos.length,
    },
    rows: [
      ...sides.map((side): [string, string] => [side.label, describeSide(side)]),
      ['fastest raw / two at a time', `${ratios.vsRawSessions} (1 = no overhead)`],
      ['fastest raw / one at a time', `${ratios.vsRawSessionsOneAtATime}`],
      ['spawn to first result', `${Math.round(median(starts))} ms, median of ${STARTS}`],
    ],
  };
}

async function readPhotos(): Promise<Photo[]> {
  const names = (await readdir(PHOTOS)).filter((name) => /\.(jpe?g|png|webp)$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      name,
      base64: (await readFile(path.join(PHOTOS, name))).toString('base64'),
    })),
  );
}

async function createPipelineSide(label: string, inFlight: number, photos: readonly Photo[]) {
  const worker = await startDetect({
    env: { DETECTOR_VARIANT: 'nano', DETECTOR_CONCURRENCY: String(inFlight) },
    warn: (message) => process.stderr.write(`${message}\n`),
  });
  const jobs = Array.from({ length: PASSES }, () => photos).flat();
  const run = async () => {
    const queue = [...jobs];
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        for (let photo = queue.shift(); photo !== undefined; photo = queue.shift()) {
          await detect(worker.handler, photo);
        }
      }),
    );
    return (performance.now() - startedAt) / jobs.length;
  };
  return { label, rounds: [] as number[], run, handler: worker.handler, stop: worker.stop };
}

type Handler = Parameters<typeof runHandler>[0];

async function detect(handler: Handler, photo: Photo): Promise<DetectResult> {
  const { status, output, error } = await runHandler(handler, { image: photo.base64 });
  if (status !== 'COMPLETED') {
    throw new Error(`${photo.name}: ${status} ${error}`);
  }
  return output as DetectResult;
}

/** How many boxes the segmenter is asked about for each photo. */
async function countBoxes(handler: Handler, photos: readonly Photo[]): Promise<number[]> {
  const counts: number[] = [];
  for (const photo of photos) {
    const { anomaly_count, unsegmented_count } = await detect(handler, photo);
    counts.push(anomaly_count + unsegmented_count);
  }
  return counts;
}

type SessionOptions = Ort.InferenceSession.SessionOptions;

/** Ways to set up the raw sessions; the fastest on this machine is what we compare with. */
const RAW_SETTINGS: readonly (readonly [string, SessionOptions])[] = [
  ['raw sessions, runtime defaults', {}],
  ['raw sessions, idle threads asleep', { extra: { session: { intra_op: { allow_spinning: '0' } } } }],
  ['raw sessions, one core', { intraOpNumThreads: 1 }],
];

/** The same models called directly, once for each photo, with as many prompts as the pipeline gives. */
async function createRawSide(
  label: string,
  options: SessionOptions,
  boxCounts: readonly number[],
): Promise<Side> {
  const workers = path.join(import.meta.dirname, '../packages/workers/package.json');
  const ort = createRequire(workers)('onnxruntime-node') as typeof Ort;
  const open = (file: string) =>
    ort.InferenceSession.create(path.join(MODELS, file), {
      intraOpNumThreads: availableParallelism(),
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...options,
    });
  const detector = await open('demo-rf-detr-nano/onnx/model.onnx');
  const encoder = await open('demo-sam2.1-tiny/onnx/vision_encoder.onnx');
  const decoder = await open('demo-sam2.1-tiny/onnx/prompt_encoder_mask_decoder.onnx');
  const picture = (side: number) => {
    const data = Float32Array.from({ length: 3 * side * side }, (_, index) => Math.sin(index));
    return new ort.Tensor('float32', data, [1, 3, side, side]);
  };
  const small = picture(384);
  const large = picture(1024);
  const prompts = (count: number) => ({
    input_points: new ort.Tensor('float32', new Float32Array(0), [1, 1, 0, 2]),
    input_labels: new ort.Tensor('int64', new BigInt64Array(0), [1, count, 0]),
    input_boxes: new ort.Tensor('float32', new Float32Array(4 * count).fill(512), [1, count, 4]),
  });
  const run = async () => {
    const startedAt = performance.now();
    for (const count of boxCounts) {
      await detector.run({ input: small });
      if (count > 0) {
        const embeddings = await encoder.run({ pixel_values: large });
        const masks = await decoder.run({ ...embeddings, ...prompts(count) });
        if (masks.pred_masks === undefined) {
          throw new Error('the mask decoder answered without masks');
        }
      }
    }
    return (performance.now() - startedAt) / boxCounts.length;
  };
  return { label, rounds: [], run };
}

function perSecond(side: Side): number {
  return round2(1000 / median(side.rounds));
}

function percentiles(values: readonly number[]) {
  return { p50: round2(median(values)), p99: round2(quantile(values, 0.99)) };
}

function describeSide(side: Side): string {
  return `${median(side.rounds).toFixed(1)} ms an image, ${perSecond(side)} images/s (median of ${ROUNDS} rounds)`;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
