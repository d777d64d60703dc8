import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseModels } from '../src/detect/model-choice.ts';
import { BUILT_IN_MODELS } from '../src/engines/model-folders.ts';
import { loadModel, verifyModel } from '../src/engines/models.ts';

const fixtures = path.join(import.meta.dirname, 'fixtures');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-models-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A model folder of its own around a detector file, with what differs from a right card. */
async function writeModel(name: string, changes: Record<string, unknown> = {}): Promise<string> {
  const place = path.join(folder, name);
  const bytes = await readFile(path.join(fixtures, 'official-rf-detr.onnx'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const card = {
    ...{ id: name, contract: 'rf-detr', variant: 'medium', demo: false, licence: 'MIT', source: 'test' },
    files: { 'onnx/model.onnx': { sha256, bytes: bytes.length } },
    ...changes,
  };
  await mkdir(path.join(place, 'onnx'), { recursive: true });
  await writeFile(path.join(place, 'onnx/model.onnx'), bytes);
  await writeFile(path.join(place, 'model.json'), JSON.stringify(card));
  return place;
}

test('the demo models of this package are what their cards say', async () => {
  for (const name of [
    'demo-rf-detr-nano',
    'demo-sam2.1-tiny',
    'demo-vitpose-markers',
    'demo-person-markers',
  ]) {
    const model = await loadModel(path.join(BUILT_IN_MODELS, name), ['rf-detr', 'sam2', 'vitpose']);
    expect(model).toMatchObject({ id: name, isDemo: true, origin: 'card' });
    await verifyModel(model);
  }
});

test('all problems of a model.json are told at once, each with its field', async () => {
  const place = await writeModel('m', {
    contract: 'yolo',
    demo: 'no',
    files: { '../x': { sha256: 'f', bytes: 1 } },
  });
  await expect(loadModel(place, ['rf-detr'])).rejects.toThrow(
    /model\.json has \d problems: contract: .*; demo: expected boolean.*; files.*inside the model folder/,
  );
});

test('a file that was changed or cut is found by its hash or size', async () => {
  const place = await writeModel('m');
  const model = await loadModel(place, ['rf-detr']);
  const file = path.join(place, 'onnx/model.onnx');
  const bytes = await readFile(file);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await expect(verifyModel(model)).rejects.toThrow(/model m is damaged: .* has another SHA-256/);
  await writeFile(file, bytes.subarray(0, 100));
  await expect(verifyModel(model)).rejects.toThrow(/has 100 bytes instead of/);
});

test('the folder of a public export is known by its config files', async () => {
  const model = await loadModel(path.join(fixtures, 'rfdetr_small-ONNX'), ['rf-detr']);
  expect(model).toMatchObject({
    ...{ id: 'rfdetr_small-ONNX', contract: 'rf-detr', isDemo: false, origin: 'export', inputSize: 32 },
    labels: { 0: 'wall', 1: 'crack', 2: 'spall' },
    mean: [0, 0, 0],
  });
});

test('what an export leaves open with null is taken as left out', async () => {
  const place = path.join(folder, 'sam2.1-tiny-ONNX');
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX'), place, { recursive: true });
  const config = {
    ...{ crop_size: null, do_center_crop: null, image_mean: null, image_std: null },
    size: { height: 1024, width: 1024, longest_edge: null },
  };
  await writeFile(path.join(place, 'preprocessor_config.json'), JSON.stringify(config));
  const model = await loadModel(place, ['sam2']);
  expect(model).toMatchObject({ contract: 'sam2', inputSize: 1024 });
  expect(model.mean).toBeUndefined();
});

test('a detector’s card says whether pictures are shrunk with antialiasing', async () => {
  expect(await loadModel(await writeModel('plain'), ['rf-detr'])).toMatchObject({ antialias: undefined });
  const smooth = await loadModel(await writeModel('smooth', { antialias: true }), ['rf-detr']);
  expect(smooth.antialias).toBe(true);
});

test('an .onnx file loads by itself, in the layout of an export with the config beside it', async () => {
  const bare = await loadModel(path.join(fixtures, 'official-rf-detr.onnx'), ['rf-detr']);
  expect(bare).toMatchObject({ id: 'official-rf-detr', labels: {} });
  const inside = await loadModel(path.join(fixtures, 'rfdetr_small-ONNX/onnx/model.onnx'), ['rf-detr']);
  expect(inside.labels).toMatchObject({ 1: 'crack' });
  const encoder = path.join(fixtures, 'sam2.1-tiny-ONNX/onnx/vision_encoder.onnx');
  const pair = await loadModel(encoder, ['sam3-tracker', 'sam2']);
  expect(pair.contract).toBe('sam2');
  expect(Object.keys(pair.files)).toEqual(['encoder', 'decoder']);
});

test('a SAM 3 export without a config is known by its name', async () => {
  const place = path.join(folder, 'sam3-tracker-ONNX');
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX/onnx'), path.join(place, 'onnx'), { recursive: true });
  await expect(loadModel(place, ['sam3-tracker', 'sam2'])).resolves.toMatchObject({
    contract: 'sam3-tracker',
  });
});

test.each(['sam3.pt', 'rf-detr-medium.pth', 'model.safetensors'])(
  '%s is refused with the way to an ONNX file',
  async (name) => {
    const file = path.join(folder, name);
    await writeFile(file, 'weights');
    await expect(loadModel(file, ['rf-detr'])).rejects.toThrow(/PyTorch weights.*tools\/convert\/README\.md/);
  },
);

test('a folder that lacks a file of its contract says which', async () => {
  const place = path.join(folder, 'sam2-half');
  await mkdir(place);
  await expect(loadModel(place, ['sam2'])).rejects.toThrow(
    'lacks onnx/vision_encoder.onnx and onnx/prompt_encoder_mask_decoder.onnx',
  );
});

const choice = (changes: Partial<Parameters<typeof chooseModels>[0]> = {}) =>
  chooseModels({ variant: 'nano', modelFolders: [folder, BUILT_IN_MODELS], ...changes });

test('without real weights the demo models serve the nano variant', async () => {
  const { detector, segmenter } = await choice();
  expect([detector.id, segmenter.id]).toEqual(['demo-rf-detr-nano', 'demo-sam2.1-tiny']);
});

test('real weights in an earlier folder go before the demo model', async () => {
  await writeModel('mine', { variant: 'nano' });
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX'), path.join(folder, 'sam2.1-tiny-ONNX'), {
    recursive: true,
  });
  const { detector, segmenter } = await choice();
  expect([detector.id, segmenter.id]).toEqual(['mine', 'sam2.1-tiny-ONNX']);
});

test('a public export is found by the name of its folder', async () => {
  await cp(path.join(fixtures, 'rfdetr_small-ONNX'), path.join(folder, 'rfdetr_small-ONNX'), {
    recursive: true,
  });
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX'), path.join(folder, 'sam2.1-tiny-ONNX'), {
    recursive: true,
  });
  const { detector } = await choice({ variant: 'small' });
  expect(detector.id).toBe('rfdetr_small-ONNX');
});

test('a variant without weights is refused: what is missing, where it was looked for, how to get it', async () => {
  await expect(choice({ variant: 'medium' })).rejects.toThrow(
    /no RF-DETR weights for DETECTOR_VARIANT=medium: no folder with onnx\/model\.onnx.*Looked in: .*spillway-models.*onnx-community\/rfdetr_medium-ONNX.*DETECTOR_WEIGHTS.*DETECTOR_VARIANT=nano/,
  );
});

test('PyTorch weights that lie where ONNX ones are looked for are named, not passed over', async () => {
  await writeFile(path.join(folder, 'rf-detr-medium.pth'), 'weights');
  await expect(choice({ variant: 'medium' })).rejects.toThrow(/rf-detr-medium\.pth holds PyTorch weights/);
});

test('a demo segmenter goes with a real detector only when it is asked for', async () => {
  await writeModel('mine', { variant: 'nano' });
  await expect(choice()).rejects.toThrow(/taken only when SAM_MODEL_PATH=demo-sam2\.1-tiny asks for it/);
  const { segmenter } = await choice({ segmenterPath: 'demo-sam2.1-tiny' });
  expect(segmenter.id).toBe('demo-sam2.1-tiny');
});

test('SAM 3 goes before SAM 2', async () => {
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX'), path.join(folder, 'a-sam2'), { recursive: true });
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX'), path.join(folder, 'sam2.1-tiny-ONNX'), {
    recursive: true,
  });
  await cp(path.join(fixtures, 'sam2.1-tiny-ONNX/onnx'), path.join(folder, 'sam3-tracker-ONNX/onnx'), {
    recursive: true,
  });
  const { segmenter } = await choice();
  expect(segmenter).toMatchObject({ id: 'sam3-tracker-ONNX', contract: 'sam3-tracker' });
});

test.each([
  ['that is not there', 'sam3-tracker-ONNX', () => undefined],
  ['that lacks files', 'sam3-tracker-ONNX', (place: string) => mkdir(place)],
  ['that is for PyTorch', 'sam3.pt', (place: string) => writeFile(place, 'weights')],
])('a SAM 3 %s is replaced by SAM 2, and both sides are told', async (_name, named, make) => {
  await make(path.join(folder, named));
  const { segmenter, fallback, problem } = await choice({ segmenterPath: path.join(folder, named) });
  expect(segmenter.id).toBe('demo-sam2.1-tiny');
  expect(fallback).toEqual({
    wanted: named,
    reason: `SAM 3 (${named}) is not there, or lacks files, so demo-sam2.1-tiny is used in its place.`,
  });
  expect(problem).toMatch(/^SAM_MODEL_PATH: .*sam3/);
});

test('a SAM 3 that lies among the models without its files is not passed over in silence', async () => {
  await mkdir(path.join(folder, 'sam3-tracker-ONNX'));
  const { segmenter, fallback, problem } = await choice();
  expect([segmenter.id, fallback?.wanted]).toEqual(['demo-sam2.1-tiny', 'sam3-tracker']);
  expect(problem).toMatch(/sam3-tracker-ONNX lacks onnx\/vision_encoder.onnx/);
});

test('a SAM 3 is not replaced by a demo model beside a real detector, nor is anything else by SAM 2', async () => {
  await writeModel('mine', { variant: 'nano' });
  await expect(choice({ segmenterPath: '/models/sam3' })).rejects.toThrow(
    /SAM_MODEL_PATH: There is no model at \/models\/sam3. There is no SAM 2 model to take in its place/,
  );
  await expect(choice({ segmenterPath: '/models/sam2' })).rejects.toThrow(
    /^SAM_MODEL_PATH: There is no model at \/models\/sam2.$/,
  );
});

test('what a variable names must exist and fit, and the variable is named', async () => {
  await expect(choice({ detectorWeights: '/models/none' })).rejects.toThrow(
    'DETECTOR_WEIGHTS: There is no model at /models/none.',
  );
  const detector = path.join(BUILT_IN_MODELS, 'demo-rf-detr-nano');
  await expect(choice({ segmenterPath: detector })).rejects.toThrow(
    /SAM_MODEL_PATH: .*contract "rf-detr" does not fit here; expected sam3-tracker or sam2/,
  );
});
