import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeOnPicture } from '../../src/detect/placed-mask.ts';
import { createSam } from '../../src/detect/sam.ts';
import { type Engine, floatOutput, type Tensors } from '../../src/engines/engine.ts';
import { loadModel, type Model } from '../../src/engines/models.ts';
import type { BoundingBox } from '../../src/media/raster.ts';
import { resizeRgb } from '../../src/media/resample.ts';
import { levelsOff, maxDifference, type Report, scaleOf } from './compare.ts';
import { decodePicture, openReferences, type Picture, type References } from './references.ts';
import { type SpyEngine, spyOn } from './spy-engine.ts';

const EMBEDDINGS = ['image_embeddings.0', 'image_embeddings.1', 'image_embeddings.2'] as const;

/** Our segmenter against SAM 2 of transformers. */
export function describeSam2(name: string, report: Report): void {
  let references: References;
  let model: Model;
  let encoder: SpyEngine;
  let decoder: SpyEngine;

  beforeAll(async () => {
    references = openReferences(name);
    model = await loadModel(references.model, ['sam2']);
    encoder = await spyOn(model.files.encoder ?? '');
    decoder = await spyOn(model.files.decoder ?? '');
  });
  afterAll(() => Promise.all([encoder?.dispose(), decoder?.dispose()]));

  const runs = () =>
    (references.facts.runs as string[]).map((key) => [key, references.pictures[key] as Picture] as const);
  const boxesOf = (key: string): BoundingBox[] => {
    const rows = references.floats(`${key}/boxes`);
    return Array.from({ length: rows.length / 4 }, (_, at) => {
      const [x_min = 0, y_min = 0, x_max = 0, y_max = 0] = rows.subarray(at * 4, at * 4 + 4);
      return { x_min, y_min, x_max, y_max };
    });
  };
  const theirEmbedding = (key: string, { width, height }: Picture) => ({
    tensors: Object.fromEntries(EMBEDDINGS.map((one) => [one, references.tensor(`${key}/${one}`)])),
    ...{ width, height },
  });

  test('pictures are resized level for level as Pillow does', async () => {
    for (const [key, { file }] of Object.entries(references.pictures)) {
      const ours = resizeRgb(await decodePicture(file), 1024, 1024, 'bilinear');
      const pillow = levelsOff(ours, references.levels(`${key}/resized/pillow`));
      const torchvision = levelsOff(ours, references.levels(`${key}/resized/torchvision`));
      report.add(name, 'resized', 'most levels off', pillow.most, '0');
      report.add(name, 'resized, its torchvision backend', 'most levels off', torchvision.most, '1');
      report.add(name, 'resized, its torchvision backend', 'part of values off', torchvision.part);
      expect(pillow.most, key).toBe(0);
      expect(torchvision.most, key).toBeLessThanOrEqual(1);
    }
  });

  test('from file to embeddings nothing differs by more than 1e-3', async () => {
    const segmenter = createSam(model, encoder, decoder);
    for (const [key, { file, width, height }] of runs()) {
      const image = await decodePicture(file);
      const { tensors } = await segmenter.embed(image, { x_min: 0, y_min: 0, x_max: width, y_max: height });
      const fed = encoder.last.feeds.pixel_values?.data as Float32Array;
      const pixelsOff = maxDifference(fed, references.floats(`${key}/pixel_values`));
      report.add(name, 'pixels as fed', 'most off', pixelsOff, '1e-6');
      expect(pixelsOff, key).toBeLessThan(1e-6);
      for (const one of EMBEDDINGS) {
        const theirs = references.floats(`${key}/${one}`);
        const off = maxDifference(floatOutput(tensors, one).data, theirs);
        report.add(name, `raw ${one}`, 'most off', off, '1e-3');
        report.add(name, `raw ${one}`, 'largest, for scale', scaleOf(theirs));
        expect(off, `${key}: ${one}`).toBeLessThan(1e-3);
      }
    }
  });

  test('boxes become the same prompts, and the same scores and masks come out of the decoder', async () => {
    const segmenter = createSam(model, encoder, decoder);
    for (const [key, picture] of runs()) {
      await segmenter.segment(theirEmbedding(key, picture), boxesOf(key));
      const prompts = decoder.last.feeds.input_boxes?.data as Float32Array;
      const promptsOff = maxDifference(prompts, references.floats(`${key}/input_boxes`));
      report.add(name, 'box prompts', 'most off (of 1024)', promptsOff, '1e-3');
      expect(promptsOff, key).toBeLessThan(1e-3);
      for (const output of ['iou_scores', 'pred_masks'] as const) {
        const raw = floatOutput(decoder.last.outputs, output).data;
        const theirs = references.floats(`${key}/${output}`);
        const off = maxDifference(raw, theirs);
        report.add(name, `raw ${output}`, 'most off', off, '1e-3');
        report.add(name, `raw ${output}`, 'largest, for scale', scaleOf(theirs));
        expect(off, `${key}: ${output}`).toBeLessThan(1e-3);
      }
    }
  });

  test('the same mask logits become the same masks', async () => {
    for (const [key, picture] of runs()) {
      const outputs = {
        iou_scores: references.tensor(`${key}/iou_scores`),
        pred_masks: references.tensor(`${key}/moved_masks`),
      };
      const segmenter = createSam(model, encoder, answering(decoder, outputs));
      const found = await segmenter.segment(theirEmbedding(key, picture), boxesOf(key));
      const theirs = references.tensor(`${key}/decoded`).data as Uint8Array;
      const scores = references.floats(`${key}/iou_scores`);
      for (const [at, { placed, score }] of found.entries()) {
        const area = picture.width * picture.height;
        const expected = theirs.subarray(at * area, (at + 1) * area);
        const ours = placed ? placeOnPicture(placed, picture).data : new Uint8Array(area);
        const wrong = ours.reduce((count, value, pixel) => count + (value === expected[pixel] ? 0 : 1), 0);
        const set = expected.reduce((count, value) => count + value, 0);
        report.add(name, 'masks', 'wrong pixels', wrong, '0');
        report.add(name, 'masks', 'least part of pixels set', set / area);
        expect(wrong, `${key}, box ${at}`).toBe(0);
        const best = Math.max(...scores.subarray(at * 3, at * 3 + 3));
        report.add(name, 'masks', 'most off in scores', Math.abs(score - best), '1e-6');
        expect(score).toBeCloseTo(best, 6);
      }
    }
  });
}

function answering(engine: Engine, outputs: Tensors): Engine {
  return { ...engine, run: async () => outputs };
}
