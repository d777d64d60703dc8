import { stripVTControlCharacters } from 'node:util';
import type { Anomaly, DetectResult } from '@spillway/workers/detect';
import { expect, test } from 'vitest';
import { defectTable, isDetectResult, modelLines, timingTable } from './defects.ts';

const card = { id: 'demo-a', contract: 'rf-detr', variant: 'nano', demo: true, licence: 'MIT' };

function anomaly(type: string, geometry: Partial<Anomaly['geometry']> = {}): Anomaly {
  return {
    defect_type: type,
    geometry: {
      length_pixels: 283.4,
      width_pixels: 8.66,
      max_width_pixels: 12.04,
      orientation_degrees: 29.7,
      touches_border: false,
      ...geometry,
    },
    confidence: { combined: 0.8249 },
  } as Anomaly;
}

function result(anomalies: readonly Anomaly[], isDemo = true): DetectResult {
  return {
    image_size: { width: 1280, height: 960 },
    anomalies,
    models: { detector: { ...card, demo: isDemo }, segmenter: { ...card, id: 'demo-b', demo: isDemo } },
  } as unknown as DetectResult;
}

const cells = (text: string) =>
  stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trim().split(/\s{2,}/));

test('each defect has a row with its measures, the photo is named once', () => {
  const rows = cells(defectTable([{ file: 'a.jpg', output: result([anomaly('crack'), anomaly('stain')]) }]));
  expect(rows[1]).toEqual(['a.jpg', 'crack', '283', '8.7', '12.0', '30°', '0.82']);
  expect(rows[2]).toEqual(['stain', '283', '8.7', '12.0', '30°', '0.82']);
});

test('a defect that runs out of the picture has a lower bound, one without an axis no orientation', () => {
  const odd = anomaly('spalling', { touches_border: true, orientation_degrees: null });
  const rows = cells(defectTable([{ file: 'a.jpg', output: result([odd]) }]));
  expect(rows[1]).toEqual(['a.jpg', 'spalling', '≥ 283', '8.7', '12.0', '–', '0.82']);
});

test('a photo without defects is not left out', () => {
  expect(cells(defectTable([{ file: 'a.jpg', output: result([]) }]))[1]).toEqual(['a.jpg', 'none found']);
});

test('millimetres are shown where the scale is known', () => {
  const scaled = anomaly('crack', { length_mm: 141.7, width_mm: 4.333 });
  const rows = cells(defectTable([{ file: 'a.jpg', output: result([scaled]) }]));
  expect(rows[0]).toContain('length mm');
  expect(rows[1]).toEqual(['a.jpg', 'crack', '283', '8.7', '12.0', '142', '4.33', '30°', '0.82']);
});

test('demo models are never shown without saying what they are', () => {
  const demo = modelLines([{ file: 'a.jpg', output: result([]) }]).join('\n');
  expect(demo).toContain('Model  demo-a (rf-detr, nano, MIT)');
  expect(demo).toContain('demo-b');
  expect(demo).toContain('mean nothing on real structures');
  expect(modelLines([{ file: 'a.jpg', output: result([], false) }]).join('\n')).not.toContain('synthetic');
});

test('times are shown beside the size of the photo', () => {
  const timings = { queueMs: 1250, executionMs: 480, detectorMs: 102.4, segmenterMs: 198 };
  const rows = cells(timingTable([{ file: 'a.jpg', output: result([]), timings }]));
  expect(rows[1]).toEqual(['a.jpg', '1280 × 960', '1.3 s', '480 ms', '102 ms', '198 ms']);
});

test('outputs of other workers are not taken for defects', () => {
  expect(isDetectResult(result([]))).toBe(true);
  expect(isDetectResult({ instances: [] })).toBe(false);
  expect(isDetectResult('text')).toBe(false);
  expect(isDetectResult(null)).toBe(false);
});
