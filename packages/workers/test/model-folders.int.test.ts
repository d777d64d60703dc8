import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashFile, writeStamps } from '../src/engines/file-hashes.ts';
import { mapWeights } from '../src/engines/mapped-weights.ts';
import { BUILT_IN_MODELS } from '../src/engines/model-folders.ts';
import { findModel, resolveModel } from '../src/engines/model-search.ts';
import { loadModel, verifyModel } from '../src/engines/models.ts';
import { CHOOSING_WORKERS, takeInventory } from '../src/model-store/index.ts';
import { readOnnxInterface } from '../src/model-store/onnx-interface.ts';
import { WORKERS } from '../src/registry.ts';

/** Model folders in other number formats, behind links, in the hub's own cache, and hashed once. */
const demoDetector = path.join(BUILT_IN_MODELS, 'demo-rf-detr-nano');
const fixtures = path.join(import.meta.dirname, 'fixtures');
let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'spillway-folders-')));
});
afterEach(() => rm(folder, { recursive: true }));

/** A public export's folder with these weights. */
async function writeExport(place: string, ...names: string[]): Promise<string> {
  await mkdir(path.join(place, 'onnx'), { recursive: true });
  await cp(path.join(fixtures, 'rfdetr_small-ONNX/config.json'), path.join(place, 'config.json'));
  for (const name of names) {
    await cp(path.join(fixtures, 'rfdetr_small-ONNX/onnx/model.onnx'), path.join(place, 'onnx', name));
  }
  return place;
}

const small = { contract: 'rf-detr', exportName: /^rfdetr_small/ } as const;

test('weights in the wanted number format are found by their file names, and no others in silence', async () => {
  await writeExport(path.join(folder, 'rfdetr_small-ONNX'), 'model.onnx', 'model_fp16.onnx');
  const usual = await findModel([folder], small);
  expect([usual.model?.dtype, usual.model?.files.model]).toEqual([
    'fp32',
    expect.stringMatching(/\/model\.onnx$/),
  ]);
  const half = await findModel([folder], { ...small, dtype: 'fp16' });
  expect(half.model?.files.model).toMatch(/model_fp16\.onnx$/);
  const { model, rejected } = await findModel([folder], { ...small, dtype: 'q4' });
  expect(model).toBeUndefined();
  expect(rejected).toEqual([
    expect.stringMatching(/no q4 weights .*It has fp32, fp16: SPILLWAY_MODELS_DTYPE=fp32/),
  ]);
});

test('whoever names a file means the weights in it', async () => {
  const place = await writeExport(path.join(folder, 'any'), 'model.onnx', 'model_q4.onnx');
  const named = await loadModel(path.join(place, 'onnx/model_q4.onnx'), ['rf-detr'], { dtype: 'fp16' });
  expect([named.dtype, path.basename(named.files.model ?? '')]).toEqual(['q4', 'model_q4.onnx']);
});

test('the hub’s own cache is looked through: the snapshot of its main branch, under the model’s name', async () => {
  const repository = path.join(folder, 'models--onnx-community--rfdetr_small-ONNX');
  await writeExport(path.join(repository, 'snapshots/aaaa'), 'model.onnx');
  const newer = await writeExport(path.join(repository, 'snapshots/bbbb'), 'model.onnx');
  await mkdir(path.join(repository, 'refs'));
  await writeFile(path.join(repository, 'refs/main'), 'bbbb');
  const { model } = await findModel([folder], small);
  expect(model).toMatchObject({ id: 'rfdetr_small-ONNX', path: newer });
  const named = await resolveModel('rfdetr_small-ONNX', [folder], ['rf-detr']);
  expect(named.path).toBe(newer);
});

test('a model behind links loads: its folder, as a pull makes it, or its file, as the hub’s cache does', async () => {
  const blob = path.join(folder, 'blobs', 'abc');
  await mkdir(path.dirname(blob));
  await cp(path.join(demoDetector, 'onnx/model.onnx'), blob);
  const place = path.join(folder, 'export/onnx');
  await mkdir(place, { recursive: true });
  await symlink('../../blobs/abc', path.join(place, 'model.onnx'));
  const { outputs } = await readOnnxInterface(path.join(place, 'model.onnx'));
  expect(outputs.map(({ name }) => name)).toEqual(['dets', 'labels']);
  await symlink('export', path.join(folder, 'current'));
  const model = await loadModel(path.join(folder, 'current'), ['rf-detr']);
  expect([model.id, model.path]).toEqual(['current', path.join(folder, 'export')]);
});

test('weights that a link keeps out of the model’s folder are refused with the way to use them', async () => {
  const place = path.join(folder, 'export/onnx');
  await mkdir(place, { recursive: true });
  await mkdir(path.join(folder, 'blobs'));
  await cp(path.join(demoDetector, 'onnx/model.onnx'), path.join(place, 'weights.bin'));
  const small = mapWeights(path.join(place, 'weights.bin'))?.bytes ?? Buffer.of();
  await writeFile(path.join(place, 'model.onnx'), small);
  const inside = await loadModel(path.join(folder, 'export'), ['rf-detr']);
  expect(inside.dataFiles).toEqual([path.join(place, 'weights.bin')]);
  await cp(path.join(place, 'weights.bin'), path.join(folder, 'blobs/abc'));
  await rm(path.join(place, 'weights.bin'));
  await expect(loadModel(path.join(folder, 'export'), ['rf-detr'])).rejects.toThrow(
    /keeps its weights in weights\.bin, which is not beside it/,
  );
  await symlink('../../blobs/abc', path.join(place, 'weights.bin'));
  await expect(loadModel(path.join(folder, 'export'), ['rf-detr'])).rejects.toThrow(
    /"spillway models add" .*--link/,
  );
});

test('files that were hashed once are believed until their time or size changes', async () => {
  const place = path.join(folder, 'demo');
  await cp(demoDetector, place, { recursive: true });
  const model = await loadModel(place, ['rf-detr']);
  await writeStamps(place, model.hashes);
  const file = path.join(place, 'onnx/model.onnx');
  const bytes = await readFile(file);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  const stamped = new Date(1_700_000_000_000);
  await utimes(file, stamped, stamped);
  await writeStamps(place, model.hashes);
  await writeFile(file, bytes);
  await expect(verifyModel(model)).rejects.toThrow(/another SHA-256/);
  // Whoever sets back the time is believed at the start of a worker; `spillway models verify` hashes all the same.
  await utimes(file, stamped, stamped);
  await verifyModel(model);
  expect(await hashFile(file)).not.toBe(model.hashes[0]?.sha256);
});

test('the list tells models from what only lies there, and broken ones with what is wrong', async () => {
  await writeExport(path.join(folder, 'a-rfdetr'), 'model_int8.onnx');
  await cp(demoDetector, path.join(folder, 'b-demo'), { recursive: true });
  await writeFile(path.join(folder, 'b-demo/onnx/model.onnx'), 'short');
  await mkdir(path.join(folder, 'c-broken'));
  await writeFile(path.join(folder, 'c-broken/model.json'), '{"id": "c"}');
  await mkdir(path.join(folder, 'notes'));
  await writeFile(path.join(folder, 'readme.txt'), 'hello');
  const { models, broken } = await takeInventory([folder, BUILT_IN_MODELS]);
  expect(models.map(({ name, dtypes, state }) => [name, dtypes.join(), state])).toEqual([
    ['a-rfdetr', 'int8', 'no hashes'],
    ['b-demo', 'fp32', 'damaged'],
    ['demo-clip', 'fp32', 'unverified'],
    ['demo-person-markers', 'fp32', 'unverified'],
    ['demo-rf-detr-nano', 'fp32', 'unverified'],
    ['demo-sam2.1-tiny', 'fp32', 'unverified'],
    ['demo-vitpose-markers', 'fp32', 'unverified'],
  ]);
  expect(broken).toMatchObject([
    { name: 'c-broken', problem: expect.stringMatching(/model\.json has \d problems/) },
  ]);
});

test('of exports whose files have the same names, the folder’s name tells which they are', async () => {
  for (const name of [
    'rfdetr_small-ONNX',
    'vitpose-base-simple',
    'rtmpose-m_simcc-256x192',
    'sam3-tracker-ONNX',
  ]) {
    const place = path.join(folder, name, 'onnx');
    await mkdir(place, { recursive: true });
    const files = name.startsWith('sam3')
      ? ['vision_encoder.onnx', 'prompt_encoder_mask_decoder.onnx']
      : ['model.onnx'];
    for (const file of files) await writeFile(path.join(place, file), 'weights');
  }
  const { models } = await takeInventory([folder]);
  expect(models.map(({ name, contract }) => [name, contract])).toEqual([
    ['rfdetr_small-ONNX', 'rf-detr'],
    ['rtmpose-m_simcc-256x192', 'rtmpose'],
    ['sam3-tracker-ONNX', 'sam3-tracker'],
    ['vitpose-base-simple', 'vitpose'],
  ]);
});

test('of every built-in worker that has models it can be told which it would take', () => {
  const withModels = Object.entries(WORKERS).filter(([, { env }]) => env.includes('SPILLWAY_MODELS_DIR'));
  expect(CHOOSING_WORKERS.toSorted()).toEqual(withModels.map(([name]) => name).toSorted());
});
