import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelError } from '../src/engines/model-error.ts';
import { refuseTelemetry } from '../src/engines/no-telemetry.ts';
import { createOnnxEngine } from '../src/engines/onnx.ts';

const arithmetic = path.join(import.meta.dirname, 'fixtures/arithmetic.onnx');
let folder: string;

beforeAll(async () => {
  // Here the library is loaded without a pool of threads, which would see to it.
  refuseTelemetry();
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

const feeds = {
  numbers: { type: 'float32', data: Float32Array.from([1.5, -2]), dims: [2] },
  counts: { type: 'int64', data: BigInt64Array.from([3n, -4n]), dims: [1, 2] },
} as const;

test('a model tells its inputs and outputs, and runs on tensors of several types', async () => {
  const engine = await createOnnxEngine(arithmetic, { threads: 1 });
  expect(engine.inputs).toEqual([
    { name: 'numbers', type: 'float32', shape: ['n'] },
    { name: 'counts', type: 'int64', shape: ['m', 2] },
  ]);
  const { doubled, squared } = await engine.run(feeds);
  expect(doubled).toMatchObject({ type: 'float32', dims: [2] });
  expect([...(doubled?.data ?? [])]).toEqual([3, -4]);
  expect([...(squared?.data ?? [])]).toEqual([9n, 16n]);
  await engine.dispose();
});

test('a tensor without elements is a tensor', async () => {
  const engine = await createOnnxEngine(arithmetic, { threads: 1 });
  const empty = { type: 'float32', data: new Float32Array(0), dims: [0] } as const;
  const { doubled } = await engine.run({ ...feeds, numbers: empty });
  expect(doubled?.dims).toEqual([0]);
  await engine.dispose();
});

test('a run that was aborted before it began is dropped', async () => {
  const engine = await createOnnxEngine(arithmetic, { threads: 1 });
  const signal = AbortSignal.abort(new Error('not wanted'));
  await expect(engine.run(feeds, { signal })).rejects.toThrow('not wanted');
  await engine.dispose();
});

test('disposing twice does nothing, running afterwards is an error', async () => {
  const engine = await createOnnxEngine(arithmetic, { threads: 1 });
  await engine.dispose();
  await engine.dispose();
  await expect(engine.run(feeds)).rejects.toThrow(/already unloaded/);
});

test('wrong dimensions are an error of that run, and the model goes on', async () => {
  const engine = await createOnnxEngine(arithmetic, { threads: 1 });
  const counts = { ...feeds.counts, dims: [2, 1] };
  await expect(engine.run({ ...feeds, counts })).rejects.toThrow(/invalid dimensions/i);
  expect([...((await engine.run(feeds)).doubled?.data ?? [])]).toEqual([3, -4]);
  await engine.dispose();
});

test('a missing or damaged file is named in a sentence', async () => {
  await expect(createOnnxEngine(path.join(folder, 'none.onnx'), { threads: 1 })).rejects.toThrow(ModelError);
  const damaged = path.join(folder, 'damaged.onnx');
  await writeFile(damaged, 'this is no model');
  await expect(createOnnxEngine(damaged, { threads: 1 })).rejects.toThrow(
    /^ONNX Runtime could not load .*damaged\.onnx: [^\n]+$/,
  );
});
