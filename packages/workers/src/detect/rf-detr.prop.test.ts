import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeDetections } from './rf-detr.ts';

test('detections are those of cutting the sorted list of all pairs first and thresholding it then', () => {
  const outputs = fc
    .record({ queries: fc.integer({ min: 1, max: 12 }), classes: fc.integer({ min: 1, max: 6 }) })
    .chain(({ queries, classes }) =>
      fc.record({
        queries: fc.constant(queries),
        classes: fc.constant(classes),
        threshold: fc.double({ min: 0, max: 1, noNaN: true }),
        logits: fc.float32Array({ minLength: queries * classes, maxLength: queries * classes, noNaN: true }),
        boxes: fc.float32Array({
          minLength: queries * 4,
          maxLength: queries * 4,
          min: 0,
          max: 1,
          noNaN: true,
        }),
      }),
    );
  fc.assert(
    fc.property(outputs, (output) => {
      const reference = Array.from(output.logits, (value, pair) => ({
        score: Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-value)))),
        pair,
      }))
        .sort((a, b) => b.score - a.score || a.pair - b.pair)
        .slice(0, output.queries)
        .filter(({ score }) => score > output.threshold);
      const found = decodeDetections({ ...output, width: 640, height: 480 });
      expect(found.map(({ score, classIndex }) => [score, classIndex])).toEqual(
        reference.map(({ score, pair }) => [score, pair % output.classes]),
      );
      for (const { box } of found) {
        expect(box.x_min).toBeGreaterThanOrEqual(0);
        expect(box.x_max).toBeLessThanOrEqual(640);
        expect(box.y_min).toBeLessThanOrEqual(box.y_max);
      }
    }),
  );
});
