import fc from 'fast-check';
import { expect, test } from 'vitest';
import { intersectionOverUnion } from './box.ts';
import { cutViews, mergeDetections } from './tiling.ts';

const pictures = fc.record({
  width: fc.integer({ min: 1, max: 9000 }),
  height: fc.integer({ min: 1, max: 9000 }),
  tileSize: fc.integer({ min: 256, max: 2000 }),
  overlap: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

test('tiles cover the picture, stay in it, overlap as asked and are never larger than a tile', () => {
  fc.assert(
    fc.property(pictures, ({ width, height, tileSize, overlap }) => {
      const [whole, ...tiles] = cutViews(width, height, { tileSize, overlap });
      expect(whole).toEqual({ x_min: 0, y_min: 0, x_max: width, y_max: height });
      for (const axis of [
        { length: width, spans: tiles.map((tile) => [tile.x_min, tile.x_max] as const) },
        { length: height, spans: tiles.map((tile) => [tile.y_min, tile.y_max] as const) },
      ]) {
        const spans = [...new Map(axis.spans.map((span) => [span[0], span])).values()].sort(
          (a, b) => a[0] - b[0],
        );
        if (spans.length === 0) {
          continue;
        }
        expect(spans[0]?.[0]).toBe(0);
        expect(spans.at(-1)?.[1]).toBe(axis.length);
        spans.forEach(([start, end], index) => {
          expect(end - start).toBeLessThanOrEqual(tileSize);
          const before = spans[index - 1];
          if (before !== undefined) {
            // Rounding a start down to a whole pixel may take one pixel of the overlap.
            expect(before[1] - start).toBeGreaterThanOrEqual(Math.floor(overlap * tileSize) - 1);
          }
        });
      }
    }),
  );
});

const detections = fc.array(
  fc
    .record({
      x: fc.integer({ min: 0, max: 90 }),
      y: fc.integer({ min: 0, max: 90 }),
      w: fc.integer({ min: 1, max: 60 }),
      h: fc.integer({ min: 1, max: 60 }),
      label: fc.constantFrom('crack', 'stain'),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      isTile: fc.boolean(),
    })
    .map(({ x, y, w, h, label, score, isTile }) => ({
      ...{ label, score, box: { x_min: x, y_min: y, x_max: x + w, y_max: y + h } },
      view: { x_min: 0, y_min: 0, x_max: isTile ? x + w : 150, y_max: 150 },
    })),
  { maxLength: 25 },
);

test('merging keeps no two boxes of one class that overlap by half, and changes nothing the second time', () => {
  fc.assert(
    fc.property(detections, (found) => {
      const merged = mergeDetections(found, 150, 150);
      for (const [index, a] of merged.entries()) {
        expect(found).toContain(a);
        for (const b of merged.slice(index + 1)) {
          expect(b.score).toBeLessThanOrEqual(a.score);
          expect(a.label === b.label && intersectionOverUnion(a.box, b.box) >= 0.5).toBe(false);
        }
      }
      expect(mergeDetections(merged, 150, 150)).toEqual(merged);
    }),
  );
});

test('merging loses no defect: what goes lies with a box of its class that was found', () => {
  fc.assert(
    fc.property(detections, (found) => {
      const merged = mergeDetections(found, 150, 150);
      for (const label of ['crack', 'stain']) {
        const before = found.filter((detection) => detection.label === label);
        expect(merged.some((detection) => detection.label === label)).toBe(before.length > 0);
      }
    }),
  );
});
