import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSystemClock } from '@spillway/sdk/clock';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createBatcher } from '../src/engines/batcher.ts';
import { type Engine, floatOutput, type Tensors } from '../src/engines/engine.ts';
import { createEngineReport } from '../src/engines/engine-report.ts';
import { parseEngineSettings } from '../src/engines/engine-settings.ts';
import { watchLoopLag } from '../src/engines/loop-lag.ts';
import { mapWeights } from '../src/engines/mapped-weights.ts';
import { refuseTelemetry } from '../src/engines/no-telemetry.ts';
import { createOnnxEngine } from '../src/engines/onnx.ts';
import { inspectProviders } from '../src/engines/providers.ts';
import { createThreadEngine, type ThreadEngine } from '../src/engines/thread-engine.ts';

/** Real models in real threads: what comes out, what it runs on, and that the main thread stays free. */
const powers = path.join(import.meta.dirname, 'fixtures/powers.onnx');
const demoEncoder = path.join(import.meta.dirname, '../src/models/demo-sam2.1-tiny/onnx/vision_encoder.onnx');
const engines: Engine[] = [];

beforeAll(() => refuseTelemetry());
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()));
});

async function load(
  file: string,
  env: Record<string, string> = {},
  warmUpFeeds?: Tensors,
): Promise<ThreadEngine> {
  const settings = parseEngineSettings({ ONNX_PROVIDER: 'cpu', ONNX_THREADS: '1', ...env });
  const engine = await createThreadEngine({ file, settings, warmUpFeeds });
  engines.push(engine);
  return engine;
}

/** `count` square matrices with `value` on their diagonals. */
function diagonals(side: number, values: readonly number[]): Tensors {
  const data = new Float32Array(values.length * side * side);
  for (const [at, value] of values.entries()) {
    for (let i = 0; i < side; i++) data[at * side * side + i * (side + 1)] = value;
  }
  return { matrix: { type: 'float32', data, dims: [values.length, side, side] } };
}

function firstValues(outputs: Tensors, side: number): number[] {
  const { data, dims } = floatOutput(outputs, 'power16');
  return Array.from({ length: dims[0] ?? 0 }, (_, at) => data[at * side * side] ?? Number.NaN);
}

test('a model in a thread of its own tells what it takes, what it runs on, and answers', async () => {
  const engine = await load(powers);
  expect(engine.info).toEqual({ provider: 'cpu', threads: 1 });
  expect(engine.inputs).toEqual([{ name: 'matrix', type: 'float32', shape: ['batch', 'side', 'side'] }]);
  expect(firstValues(await engine.run(diagonals(3, [2, 0.5])), 3)).toEqual([65536, 1 / 65536]);
});

test('feeds that may be moved are gone afterwards, others stay', async () => {
  const engine = await load(powers);
  const kept = diagonals(8, [1]);
  await engine.run(kept);
  expect(kept.matrix?.data).toHaveLength(64);
  await engine.run(kept, { move: true });
  expect(kept.matrix?.data).toHaveLength(0);
});

test('a part of a larger array is copied even when it may be moved', async () => {
  const engine = await load(powers);
  const shelf = new Float32Array(64).fill(2);
  const data = shelf.subarray(1, 2);
  const matrix = { type: 'float32', data, dims: [1, 1, 1] } as const;
  expect(firstValues(await engine.run({ matrix }, { move: true }), 1)).toEqual([65536]);
  expect(shelf).toHaveLength(64);
});

test('jobs that come together share the runs of one model, and each gets its own answer', async () => {
  const engine = await load(powers);
  const batcher = createBatcher<number, number>({
    ...{ maxSize: 4, windowMs: 5, maxWaiting: 64, clock: createSystemClock() },
    run: async (items) => firstValues(await engine.run(diagonals(16, items), { move: true }), 16),
  });
  const values = Array.from({ length: 11 }, (_, i) => 2 ** (i - 5));
  const answers = await Promise.all(values.map((value) => batcher.add(value)));
  expect(answers).toEqual(values.map((value) => value ** 16));
  expect(batcher.counts).toEqual({ batches: 3, items: 11 });
});

/** Side of a matrix on which one run takes long enough here to be told from other delays. */
async function findSlowSide(engine: Engine): Promise<number> {
  for (let side = 512; ; side += 256) {
    const startedAt = performance.now();
    await engine.run(diagonals(side, [1]), { move: true });
    if (performance.now() - startedAt >= 400) return side;
  }
}

/** How often the event loop comes round before the work is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
}

test('the event loop stays free while a model computes; on the main thread it would not', async () => {
  const engine = await load(powers);
  const side = await findSlowSide(engine);
  const lag = watchLoopLag();
  expect(await turnsDuring(() => engine.run(diagonals(side, [1]), { move: true }))).toBeGreaterThan(20);

  const here = await createOnnxEngine(powers, { threads: 1 });
  engines.push(here);
  const feed = diagonals(side, [1]);
  const hereAt = performance.now();
  expect(await turnsDuring(() => here.run(feed))).toBeLessThan(5);
  const hereMs = performance.now() - hereAt;
  await expect.poll(() => lag.read().max).toBeGreaterThan(hereMs / 2);
  lag.stop();
});

test('a worker reports what its models run on, all together, and how late its event loop is', async () => {
  const engines = [await load(powers), await load(powers, { ONNX_THREADS: '2' })];
  const report = createEngineReport(() => engines.map(({ info }) => info));
  const { provider, threads, eventLoopLagMs } = report.read();
  report.stop();
  expect([provider, threads]).toEqual(['cpu', 2]);
  expect(eventLoopLagMs.max).toBeGreaterThanOrEqual(eventLoopLagMs.p99);
  expect(eventLoopLagMs.p99).toBeGreaterThanOrEqual(0);
});

test('weights that are mapped from their file answer bit for bit like those that were read', async () => {
  expect(mapWeights(demoEncoder)?.bytes.length).toBeLessThan(1_000_000);
  const picture = Float32Array.from({ length: 3 * 1024 * 1024 }, (_, i) => Math.sin(i / 7));
  const pixels = { type: 'float32', data: picture, dims: [1, 3, 1024, 1024] } as const;
  const mapped = await createOnnxEngine(demoEncoder, { threads: 1 });
  engines.push(mapped);
  const session = await ort.InferenceSession.create(demoEncoder, { intraOpNumThreads: 1 });
  const expected = await session.run({ pixel_values: new ort.Tensor('float32', picture, pixels.dims) });
  const found = await mapped.run({ pixel_values: pixels });
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(found)) {
    const theirs = expected[name]?.data as Float32Array;
    expect(Buffer.compare(Buffer.from(tensor.data.buffer), Buffer.from(theirs.buffer))).toBe(0);
  }
  await session.release();
});

test('a model that is a link to a file elsewhere, as in a hub’s cache, loads', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-link-'));
  const link = path.join(folder, 'vision_encoder.onnx');
  await symlink(demoEncoder, link);
  try {
    const engine = await createOnnxEngine(link, { threads: 1 });
    engines.push(engine);
    expect(engine.inputs.map(({ name }) => name)).toEqual(['pixel_values']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('items that lie apart, in memory that threads share, are one batch to the model', async () => {
  const engine = await load(powers);
  const shared = (value: number) => {
    const part = new Float32Array(new SharedArrayBuffer(36));
    for (let i = 0; i < 3; i++) part[i * 4] = value;
    return part;
  };
  for (const values of [[2, 0.5, 1], [0.5, 2], [4]]) {
    const [data = shared(0), ...more] = values.map(shared);
    const feeds = { matrix: { type: 'float32', data, more, dims: [values.length, 3, 3] } } as const;
    expect(firstValues(await engine.run(feeds), 3)).toEqual(values.map((value) => value ** 16));
    expect(data[0]).toBe(values[0]);
  }
});

test('a model without large weights has none to map', () => {
  expect(mapWeights(powers)).toBeUndefined();
});

test('a first session without prepacking answers like the one that replaces it', async () => {
  const engine = await load(powers, { ONNX_FAST_START: 'on', ONNX_WARM_UP: 'ready' }, diagonals(4, [1]));
  const quick = await createOnnxEngine(demoEncoder, { threads: 1, isQuick: true });
  const lasting = await createOnnxEngine(demoEncoder, { threads: 1 });
  engines.push(quick, lasting);
  expect(firstValues(await engine.run(diagonals(4, [2])), 4)).toEqual([65536]);
  const pixels = { type: 'float32', data: new Float32Array(3 << 20).fill(0.5), dims: [1, 3, 1024, 1024] };
  const feeds = { pixel_values: pixels } as Tensors;
  const [one, other] = [await quick.run(feeds), await lasting.run(feeds)];
  for (const name of Object.keys(one)) {
    const [a, b] = [floatOutput(one, name).data, floatOutput(other, name).data];
    const largest = a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))), 0);
    expect(largest).toBeLessThan(1e-3);
  }
});

const canRunOnCard = () => {
  const { hasCard, missing } = inspectProviders();
  return hasCard && missing.length === 0;
};

test.skipIf(canRunOnCard())('cuda that is not there is refused in one sentence, before any job', async () => {
  await expect(load(powers, { ONNX_PROVIDER: 'cuda' })).rejects.toThrow(
    /^ONNX_PROVIDER=cuda, but [^\n]+ ONNX_PROVIDER=cpu runs the models on the CPU\.$/,
  );
});

test.skipIf(canRunOnCard())('auto runs on the CPU where there is no card, and says why', async () => {
  const engine = await load(powers, { ONNX_PROVIDER: 'auto' });
  expect(engine.info).toMatchObject({
    provider: 'cpu',
    note: expect.stringMatching(/^Models run on the CPU: /),
  });
  expect(firstValues(await engine.run(diagonals(2, [2])), 2)).toEqual([65536]);
});
