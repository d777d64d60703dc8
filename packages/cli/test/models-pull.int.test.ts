// Pulls from a hub: what lies on the disk afterwards, what went over the wire, what is pinned.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { chooseForWorker } from '@spillway/workers/models';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCK_FILE } from '../src/models/pull/lock-file.ts';
import { sha256 } from './fake-hub.ts';
import { padded, rfDetr, samFile, withExternalWeight } from './model-bytes.ts';
import { CLIP, DETECTOR, FIRST, openPullBench, type PullBench, SECOND } from './pull-bench.ts';

let bench: PullBench;
beforeEach(async () => {
  bench = await openPullBench();
});
afterEach(() => bench.close());

test('a moving revision is pinned to its commit, and only what the contract and number format need is fetched', async () => {
  const files = bench.addClip();
  const pulled = await bench.pull(`hf:${CLIP}`);
  expect(bench.said).toEqual([`hf:${CLIP}: main is ${FIRST}, which is pinned now.`]);
  expect(pulled).toMatchObject({
    name: 'clip-vit-base-patch32',
    contract: 'clip',
    revision: FIRST,
    state: 'pulled',
  });
  const wanted = ['README.md', 'config.json', 'onnx/text_model.onnx', 'onnx/vision_model.onnx'];
  wanted.push('preprocessor_config.json', 'tokenizer.json');
  expect(Object.keys(pulled.files).sort()).toEqual(wanted.sort());
  for (const file of wanted)
    expect(bench.pulledFile(pulled.name, file).equals(files[file] ?? Buffer.of())).toBe(true);
  const { models } = await bench.readLock();
  expect(models[pulled.name]).toMatchObject({
    source: `hf:${CLIP}`,
    revision: FIRST,
    ref: 'main',
    dtypes: ['fp32'],
  });
  expect(models[pulled.name]?.files['onnx/text_model.onnx']?.sha256).toBe(
    sha256(files['onnx/text_model.onnx'] ?? Buffer.of()),
  );
  // Every file was asked for by the commit, none by the name that may move.
  expect(bench.hub.calls.filter((call) => call.path.includes('/resolve/main/'))).toEqual([]);
});

test('a worker picks what was pulled, and knows where it is from', async () => {
  bench.addClip();
  await bench.pull(`hf:${CLIP}`);
  const [choice] = await chooseForWorker('clip', { SPILLWAY_MODELS_CACHE: bench.cache });
  expect(choice?.model).toMatchObject({
    ...{
      id: 'clip-vit-base-patch32',
      origin: 'export',
      licence: 'mit',
      source: `hf:${CLIP}`,
      revision: FIRST,
    },
    ...{ isDemo: false, inputSize: 224 },
  });
});

test('pulling again fetches nothing, and a hub that has moved on changes nothing until --update says so', async () => {
  const model = bench.addDetector();
  await bench.pull(`hf:${DETECTOR}`);
  const before = await realpath(path.join(bench.cache, 'rfdetr_medium-ONNX'));
  const newer = padded(rfDetr(), 100_000, 'n');
  const repository = bench.hub.repositories.get(DETECTOR);
  const old = repository?.commits[FIRST] ?? {};
  Object.assign(repository?.commits ?? {}, { [SECOND]: { ...old, 'onnx/model.onnx': newer } });
  Object.assign(repository?.refs ?? {}, { main: SECOND });
  bench.hub.calls.length = 0;

  expect(await bench.pull(`hf:${DETECTOR}`)).toMatchObject({ state: 'unchanged', revision: FIRST });
  expect(await bench.pull(`hf:${DETECTOR}@main`)).toMatchObject({ state: 'unchanged', revision: FIRST });
  expect(bench.fetches()).toEqual([]);
  await expect(bench.pull(`hf:${DETECTOR}@${SECOND}`)).rejects.toThrow(
    `rfdetr_medium-ONNX is pinned at ${FIRST} (main when it was pulled). --update replaces it by ${SECOND}.`,
  );

  expect(await bench.pull(`hf:${DETECTOR}`, { isUpdate: true })).toMatchObject({
    state: 'pulled',
    revision: SECOND,
  });
  expect(bench.pulledFile('rfdetr_medium-ONNX', 'onnx/model.onnx').equals(newer)).toBe(true);
  // A worker that runs the old version finds its files as they were.
  expect((await readFile(path.join(before, 'onnx/model.onnx'))).equals(model)).toBe(true);
  expect(bench.fetches()).toHaveLength(1);
});

test('another number format joins the first, which is not fetched again', async () => {
  bench.addClip();
  await bench.pull(`hf:${CLIP}`);
  bench.hub.calls.length = 0;
  const pulled = await bench.pull(`hf:${CLIP}`, { dtypes: ['fp16'] });
  expect(pulled.dtypes).toEqual(['fp32', 'fp16']);
  expect(bench.fetches()).toHaveLength(2);
  expect(existsSync(path.join(bench.cache, pulled.name, 'onnx/vision_model.onnx'))).toBe(true);
  const env = { SPILLWAY_MODELS_CACHE: bench.cache, SPILLWAY_MODELS_DTYPE: 'fp16' };
  const [choice] = await chooseForWorker('clip', env);
  expect(choice?.model.files.vision).toMatch(/vision_model_fp16\.onnx$/);
  const [usual] = await chooseForWorker('clip', { SPILLWAY_MODELS_CACHE: bench.cache });
  expect(usual?.model.files.vision).toMatch(/vision_model\.onnx$/);
});

test('weights in one number format only are what a worker takes when nobody says more', async () => {
  bench.addClip();
  await bench.pull(`hf:${CLIP}`, { dtypes: ['fp16'] });
  const [choice] = await chooseForWorker('clip', { SPILLWAY_MODELS_CACHE: bench.cache });
  expect(choice?.model).toMatchObject({ dtype: 'fp16' });
  await expect(
    chooseForWorker('clip', {
      SPILLWAY_MODELS_DIR: bench.cache,
      SPILLWAY_MODELS_DTYPE: 'int8',
      HOME: '/none',
    }),
  ).rejects.toThrow(/no int8 weights .*It has fp16: SPILLWAY_MODELS_DTYPE=fp16 takes those/);
});

test('a number format that is not there is refused with those that are, and half of one does not count', async () => {
  bench.addClip();
  const wanted = bench.pull(`hf:${CLIP}`, { dtypes: ['int8'] });
  await expect(wanted).rejects.toThrow(/hf:Xenova\/.* has no int8 weights\. It has fp32, fp16\./);
  expect(await bench.pull(`hf:${CLIP}`, { isAll: true })).toMatchObject({ dtypes: ['fp32', 'fp16'] });
});

test('weights outside the .onnx file come along, whatever they are called', async () => {
  const names = { usual: 'model.onnx_data', odd: 'all the weights.bin' };
  const model = withExternalWeight(withExternalWeight(rfDetr(), names.usual, 8000), names.odd, 6000);
  const files = {
    'onnx/model.onnx': model,
    [`onnx/${names.usual}`]: Buffer.alloc(8000),
    [`onnx/${names.odd}`]: Buffer.alloc(6000, 1),
    'onnx/other.bin': Buffer.alloc(7000),
  };
  bench.hub.repositories.set(DETECTOR, { commits: { [FIRST]: files }, refs: { main: FIRST } });
  const pulled = await bench.pull(`hf:${DETECTOR}`);
  expect(Object.keys(pulled.files).sort()).toEqual(
    Object.keys(files)
      .filter((file) => file !== 'onnx/other.bin')
      .sort(),
  );
});

test('SAM 3 is told from SAM 2 by what lies beside it', async () => {
  const files = {
    'config.json': Buffer.from('{"model_type": "sam3_tracker"}'),
    'onnx/vision_encoder.onnx': samFile('onnx/vision_encoder.onnx'),
    'onnx/prompt_encoder_mask_decoder.onnx': samFile('onnx/prompt_encoder_mask_decoder.onnx'),
  };
  bench.hub.repositories.set('onnx-community/seg', { commits: { [FIRST]: files }, refs: { main: FIRST } });
  expect(await bench.pull('hf:onnx-community/seg')).toMatchObject({ contract: 'sam3-tracker' });
});

test('offline nothing is asked: what is here and pinned will do, what is missing is named', async () => {
  bench.addClip();
  await bench.pull(`hf:${CLIP}`);
  bench.hub.calls.length = 0;
  const env = { HF_HUB_OFFLINE: '1' };
  expect(await bench.pull(`hf:${CLIP}`, {}, env)).toMatchObject({ state: 'unchanged' });
  await expect(bench.pull(`hf:${CLIP}`, { dtypes: ['fp16'] }, env)).rejects.toThrow(
    "clip-vit-base-patch32 can't be pulled offline: its fp16 weights were not pulled.",
  );
  await expect(bench.pull(`hf:${DETECTOR}`, {}, { SPILLWAY_OFFLINE: 'true' })).rejects.toThrow(
    /pins no model of that name/,
  );
  const text = path.join(bench.cache, 'clip-vit-base-patch32/onnx/text_model.onnx');
  await rm(text);
  await expect(bench.pull(`hf:${CLIP}`, {}, env)).rejects.toThrow(/offline: .*text_model\.onnx is missing/);
  expect(bench.hub.calls).toEqual([]);
});

test('a lock file brings the same bytes to another machine, or says that they are others', async () => {
  const model = bench.addDetector();
  await bench.pull(`hf:${DETECTOR}`);
  const lockFile = path.join(bench.cache, LOCK_FILE);
  const elsewhere = path.join(bench.cache, 'elsewhere');
  await bench.pull(`hf:${DETECTOR}`, { into: elsewhere, lockFile });
  expect(readFileSync(path.join(elsewhere, 'rfdetr_medium-ONNX/onnx/model.onnx')).equals(model)).toBe(true);
  const other = padded(rfDetr(), 100_000, 'o');
  Object.assign(bench.hub.repositories.get(DETECTOR)?.commits[FIRST] ?? {}, { 'onnx/model.onnx': other });
  await expect(
    bench.pull(`hf:${DETECTOR}`, { into: path.join(bench.cache, 'third'), lockFile }),
  ).rejects.toThrow(
    new RegExp(
      `onnx/model.onnx was changed upstream since it was pinned \\(SHA-256 ${sha256(model)}, now ${sha256(other)}\\)`,
    ),
  );
});

test('a name that is taken is not taken over', async () => {
  bench.addDetector();
  await bench.pull(`hf:${DETECTOR}`);
  bench.hub.repositories.set(
    'other/rfdetr_medium-ONNX',
    bench.hub.repositories.get(DETECTOR) ?? { commits: {}, refs: {} },
  );
  await expect(bench.pull('hf:other/rfdetr_medium-ONNX')).rejects.toThrow(
    /pins rfdetr_medium-ONNX from hf:acme\/.*--name/,
  );
  await bench.pull('hf:other/rfdetr_medium-ONNX', { name: 'second' });
  expect(statSync(path.join(bench.cache, 'second')).isDirectory()).toBe(true);
});
