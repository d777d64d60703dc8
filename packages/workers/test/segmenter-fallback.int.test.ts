// SAM 3 that cannot be used, SAM 2 in its place: what the worker says of it, and that it works.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runHandler } from '@spillway/sdk/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DetectResult } from '../src/detect/index.ts';
import { startDetect } from '../src/detect/worker.ts';
import { BUILT_IN_MODELS } from '../src/engines/model-folders.ts';

const PHOTO = path.join(import.meta.dirname, '../../../examples/defects/photos/wall-crack.jpg');

let folder: string;
let warnings: string[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-sam3-'));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** A SAM 3 as far as its folder goes, with one of its files changed. */
async function writeSam3(change: (file: Buffer) => Buffer, hasCard: boolean): Promise<void> {
  const from = path.join(BUILT_IN_MODELS, 'demo-sam2.1-tiny');
  const place = path.join(folder, 'sam3-tracker-ONNX');
  await mkdir(place);
  await cp(path.join(from, 'onnx'), path.join(place, 'onnx'), { recursive: true });
  const encoder = path.join(place, 'onnx/vision_encoder.onnx');
  await writeFile(encoder, change(await readFile(encoder)));
  if (!hasCard) return;
  const card = JSON.parse(await readFile(path.join(from, 'model.json'), 'utf8')) as object;
  const sam3 = { ...card, id: 'sam3-tracker', contract: 'sam3-tracker' };
  await writeFile(path.join(place, 'model.json'), JSON.stringify(sam3));
}

const start = (more: Record<string, string> = {}) =>
  startDetect({
    env: { DETECTOR_VARIANT: 'nano', SPILLWAY_MODELS_DIR: folder, ...more },
    warn: (message) => warnings.push(message),
  });

const flipByte = (file: Buffer) => {
  const changed = Buffer.from(file);
  changed[changed.length - 100] = (changed[changed.length - 100] ?? 0) ^ 1;
  return changed;
};

test.each([
  ['could not be loaded', () => Buffer.from('no model'), false, 'sam3-tracker-ONNX'],
  ['is damaged', flipByte, true, 'sam3-tracker'],
] as const)(
  'a SAM 3 that %s is replaced, in its info, its results and its log',
  async (why, change, hasCard, wanted) => {
    await writeSam3(change, hasCard);
    const worker = await start();
    try {
      const reason = `SAM 3 (${wanted}) ${why}, so demo-sam2.1-tiny is used in its place.`;
      expect(worker.info().models).toMatchObject([
        { role: 'detector' },
        { role: 'segmenter', id: 'demo-sam2.1-tiny', contract: 'sam2', note: reason },
      ]);
      expect(warnings).toEqual([expect.stringMatching(/^SAM 3 .* in its place. .*(vision_encoder|sam3)/)]);
      const image = (await readFile(PHOTO)).toString('base64');
      const { output } = await runHandler(worker.handler, { image });
      const { models, anomaly_count } = output as DetectResult;
      expect(anomaly_count).toBeGreaterThan(0);
      expect(models.segmenter).toMatchObject({ id: 'demo-sam2.1-tiny', fallback: { wanted, reason } });
      expect(JSON.stringify([output, worker.info()])).not.toContain(folder);
    } finally {
      await worker.stop();
    }
  },
);

test('a SAM 2 that cannot be loaded has nothing in its place', async () => {
  await mkdir(path.join(folder, 'sam2-mine/onnx'), { recursive: true });
  for (const file of ['vision_encoder', 'prompt_encoder_mask_decoder'])
    await writeFile(path.join(folder, `sam2-mine/onnx/${file}.onnx`), 'no model');
  await expect(start({ SAM_MODEL_PATH: 'sam2-mine' })).rejects.toThrow(/vision_encoder/);
});
