import { afterAll, beforeAll, expect, test } from 'vitest';
import { floatOutput } from '../../src/engines/engine.ts';
import { loadModel, type Model } from '../../src/engines/models.ts';
import { findPeak } from '../../src/pose/heatmaps.ts';
import { fromCrop, personCrop } from '../../src/pose/person-crop.ts';
import { createPoseEstimator } from '../../src/pose/pose-estimator.ts';
import { maxDifference, type Report, scaleOf } from './compare.ts';
import { decodePicture, openReferences, type Picture, type References } from './references.ts';
import { type SpyEngine, spyOn } from './spy-engine.ts';

/** Our pose estimator against transformers' ViTPose, with and without the experts of ViTPose++. */
export function describeVitpose(name: string, report: Report): void {
  let references: References;
  let model: Model;
  let engine: SpyEngine;

  beforeAll(async () => {
    references = openReferences(name);
    model = await loadModel(references.model, ['vitpose']);
    engine = await spyOn(model.files.model ?? '');
  });
  afterAll(() => engine?.dispose());

  const boxesOf = (picture: Picture) =>
    (picture as Picture & { boxes: readonly (readonly number[])[] }).boxes.map(
      ([x = 0, y = 0, width = 0, height = 0]) => ({
        x_min: x,
        y_min: y,
        x_max: x + width,
        y_max: y + height,
      }),
    );

  test('people are cut out, fed and estimated as in transformers', async () => {
    const estimator = createPoseEstimator(model, engine);
    for (const [key, picture] of Object.entries(references.pictures)) {
      const image = await decodePicture(picture.file);
      const people = boxesOf(picture).map((box) => ({ image, box }));
      const estimates = await estimator.estimate(people);
      expect(estimates.map(({ layout }) => layout)).toEqual(
        people.map(() => (name === 'vitpose-plus' ? 'wholebody133' : 'coco17')),
      );
      const fed = maxDifference(
        engine.last.feeds.pixel_values?.data as Float32Array,
        references.floats(`${key}/pixel_values`),
      );
      report.add(name, 'pixels as fed', 'largest', fed, '1e-5');
      expect(fed).toBeLessThan(1e-5);
      const maps = references.floats(`${key}/heatmaps`);
      const off = maxDifference(floatOutput(engine.last.outputs, 'heatmaps').data, maps);
      report.add(name, 'heat maps', 'scale', scaleOf(maps));
      report.add(name, 'heat maps', 'largest', off, '1e-3');
      expect(off).toBeLessThan(1e-3);
    }
  });

  test('the same heat maps give the same keypoints, where they have a peak', () => {
    let [peaks, all] = [0, 0];
    for (const [key, picture] of Object.entries(references.pictures)) {
      const maps = references.floats(`${key}/heatmaps`);
      const [, count = 0, height = 0, width = 0] = references.tensor(`${key}/heatmaps`).dims;
      const expected = references.floats(`${key}/keypoints`);
      for (const [person, box] of boxesOf(picture).entries()) {
        const area = personCrop(box, { width: 192, height: 256 });
        for (let point = 0; point < count; point++) {
          const map = person * count + point;
          const cells = maps.subarray(map * width * height, (map + 1) * width * height);
          const peak = findPeak(cells, width, height);
          all += 1;
          // What has no refinement within a cell and a half, or no positive value, has no peak: ours stays, theirs leaps.
          const isWhole = Number.isInteger(peak.x) && Number.isInteger(peak.y);
          if (peak.value <= 0 || isWhole) continue;
          peaks += 1;
          const [x, y] = fromCrop(area, peak.x, peak.y, { width, height }, 'udp');
          const cell = area.height / height;
          const off = Math.hypot(x - (expected[map * 2] ?? 0), y - (expected[map * 2 + 1] ?? 0)) / cell;
          report.add(name, 'keypoints', 'cells off, largest', off, '0.01');
          expect(off).toBeLessThan(0.01);
        }
      }
    }
    report.add(name, 'keypoints', 'part with a peak', peaks / all);
    expect(peaks / all).toBeGreaterThan(0.5);
  });
}
