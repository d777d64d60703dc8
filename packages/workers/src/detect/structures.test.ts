import { expect, test } from 'vitest';
import { matchStructure, type Structure } from './structures.ts';

const box = (x_min: number, y_min: number, x_max: number, y_max: number) => ({ x_min, y_min, x_max, y_max });

const structure = (id: string, bbox: ReturnType<typeof box>): Structure => ({
  detection_id: id,
  class_name: 'beam',
  confidence: 0.9,
  bbox,
});

test('the structure of the greatest overlap is taken, its IoU being the association', () => {
  const structures = [structure('a', box(0, 0, 100, 100)), structure('b', box(0, 0, 50, 100))];
  const match = matchStructure(box(0, 0, 50, 50), structures, 'overlap');
  expect(match?.structure.detection_id).toBe('b');
  expect(match?.association).toBe(0.5);
});

test('an overlap below 0.1 counts as none; the nearest centre within 100 pixels is taken then', () => {
  const anomaly = box(190, 0, 210, 20);
  const structures = [structure('far', box(0, 0, 200, 200)), structure('near', box(220, 0, 240, 20))];
  const match = matchStructure(anomaly, structures, 'overlap');
  expect(match?.structure.detection_id).toBe('near');
  expect(match?.association).toBeCloseTo(0.7, 10);
});

test('a structure whose centre is 100 pixels away or more is no match', () => {
  expect(
    matchStructure(box(0, 0, 20, 20), [structure('a', box(100, 0, 120, 20))], 'overlap'),
  ).toBeUndefined();
  expect(
    matchStructure(box(0, 0, 20, 20), [structure('a', box(99, 0, 119, 20))], 'overlap')?.association,
  ).toBeCloseTo(0.01, 10);
});

test('an IoU of exactly 0.1 is enough', () => {
  const match = matchStructure(box(0, 0, 10, 10), [structure('a', box(0, 0, 100, 10))], 'overlap');
  expect(match?.association).toBeCloseTo(0.1, 10);
});

test('containment takes the smallest structure that holds the centre of the anomaly', () => {
  const structures = [structure('wall', box(0, 0, 1000, 1000)), structure('beam', box(0, 0, 100, 100))];
  const match = matchStructure(box(40, 40, 60, 60), structures, 'containment');
  expect(match?.structure.detection_id).toBe('beam');
  expect(match?.association).toBeCloseTo(0.7 * 0.04 + 0.3 * (1 - 0.04), 10);
});

test('containment finds nothing when no structure holds the centre', () => {
  expect(
    matchStructure(box(190, 0, 230, 20), [structure('a', box(0, 0, 200, 200))], 'containment'),
  ).toBeUndefined();
});

test('without structures there is no match', () => {
  expect(matchStructure(box(0, 0, 1, 1), [], 'overlap')).toBeUndefined();
  expect(matchStructure(box(0, 0, 1, 1), [], 'containment')).toBeUndefined();
});
