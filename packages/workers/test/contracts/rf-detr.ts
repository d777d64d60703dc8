import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRfDetr, decodeDetections } from '../../src/detect/rf-detr.ts';
import { floatOutput } from '../../src/engines/engine.ts';
import { loadModel, type Model } from '../../src/engines/models.ts';
import { resizeRgb } from '../../src/media/resample.ts';
import { levelsOff, maxDifference, type Report, scaleOf } from './compare.ts';
import { decodePicture, openReferences, type References } from './references.ts';
import { type SpyEngine, spyOn } from './spy-engine.ts';

/** Which reference each output is compared with, by the name sets of rfdetr's exporter and of transformers'. */
const OUTPUTS: Readonly<Record<string, string>> = {
  ...{ dets: 'boxes', labels: 'logits' },
  ...{ pred_boxes: 'boxes', logits: 'logits' },
};

/** Our detector against the rfdetr package, and against transformers, which has the same networks. */
export function describeRfDetr(name: string, report: Report): void {
  let references: References;
  let model: Model;
  let engine: SpyEngine;

  beforeAll(async () => {
    references = openReferences(name);
    model = await loadModel(references.model, ['rf-detr']);
    engine = await spyOn(model.files.model ?? '');
  });
  afterAll(() => engine?.dispose());

  const isOfTransformers = name === 'rf-detr-transformers';
  const pictures = () => Object.entries(references.pictures);
  const fed = () => Object.values(engine.last.feeds)[0]?.data as Float32Array;
  const whole = ({ width, height }: { width: number; height: number }) => ({
    ...{ x_min: 0, y_min: 0, x_max: width, y_max: height },
  });

  test.skipIf(isOfTransformers)('antialiased, pictures are as in its training and validation', async () => {
    const detector = createRfDetr({ ...model, antialias: true }, engine);
    for (const [key, { file }] of pictures()) {
      const image = await decodePicture(file);
      const theirs = references.levels(`${key}/resized`);
      const off = levelsOff(resizeRgb(image, theirs.width, theirs.height, 'bilinear'), theirs);
      report.add(name, 'antialiased as it trains', 'most levels off', off.most, '0');
      expect(off.most, key).toBe(0);
      await detector.detect(image, whole(image), { threshold: 0.5 });
      const pixelsOff = maxDifference(fed(), references.floats(`${key}/antialiased`));
      report.add(name, 'antialiased as it trains', 'most off as fed', pixelsOff, '1e-6');
      expect(pixelsOff, key).toBeLessThan(1e-6);
    }
  });

  test('pictures are fed as it predicts', async () => {
    const detector = createRfDetr(model, engine);
    for (const [key, { file }] of pictures()) {
      const image = await decodePicture(file);
      await detector.detect(image, whole(image), { threshold: 0.5 });
      const off = maxDifference(fed(), references.floats(`${key}/pixel_values`));
      report.add(name, 'pixels as fed', 'most off', off, '1e-5');
      expect(off, key).toBeLessThan(1e-5);
    }
  });

  test('from file to raw outputs nothing differs by more than 1e-3', async () => {
    const detector = createRfDetr(model, engine);
    // Where two places for queries score equal but for rounding, either order is right and all outputs follow it.
    const clear = pictures().filter(([, { tied }]) => tied !== true);
    report.add(name, 'raw', 'pictures compared', clear.length);
    expect(clear.length).toBeGreaterThanOrEqual(3);
    for (const [key, { file }] of clear) {
      const image = await decodePicture(file);
      await detector.detect(image, whole(image), { threshold: 0.5 });
      const found = Object.entries(OUTPUTS).filter(([output]) => engine.last.outputs[output]);
      expect(found).toHaveLength(2);
      for (const [output, theirs] of found) {
        const raw = floatOutput(engine.last.outputs, output).data;
        const off = maxDifference(raw, references.floats(`${key}/${theirs}`));
        report.add(name, `raw ${output}`, 'most off', off, '1e-3');
        report.add(name, `raw ${output}`, 'largest, for scale', scaleOf(raw));
        expect(off, `${key}: ${output}`).toBeLessThan(1e-3);
      }
    }
  });

  test.skipIf(isOfTransformers)(
    'the same logits become the same boxes, scores and classes, in the same order',
    () => {
      for (const [key, { width, height }] of Object.entries(references.facts) as [string, Size][]) {
        const logits = references.tensor(`${key}/logits`);
        const [, queries = 0, classes = 0] = logits.dims;
        const ours = decodeDetections({
          logits: references.floats(`${key}/logits`),
          boxes: references.floats(`${key}/boxes`),
          ...{ queries, classes, width, height, threshold: -1 },
        });
        const labels = Array.from(references.tensor(`${key}/decoded/labels`).data, Number);
        const byExport = Array.from(references.tensor(`${key}/decoded-by-export/labels`).data, Number);
        const scores = references.floats(`${key}/decoded/scores`);
        const boxes = references.floats(`${key}/decoded/boxes`);
        const found = ours.flatMap(({ box }) => [box.x_min, box.y_min, box.x_max, box.y_max]);
        const scoresOff = maxDifference(
          ours.map(({ score }) => score),
          scores,
        );
        report.add(name, 'decoded', 'most off in scores', scoresOff, '1e-6');
        report.add(name, 'decoded', 'most off in boxes (px)', maxDifference(found, boxes), '1e-3');
        const wrong = ours.filter(({ classIndex }, at) => classIndex !== labels[at]).length;
        report.add(name, 'decoded', 'wrong classes', wrong, '0');
        expect(
          ours.map(({ classIndex }) => classIndex),
          key,
        ).toEqual(labels);
        expect(labels, key).toEqual(byExport);
        expect(scoresOff, key).toBeLessThan(1e-6);
        expect(maxDifference(found, boxes), key).toBeLessThan(1e-3);
      }
    },
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}
