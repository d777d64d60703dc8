import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RgbImage } from '../media/raster.ts';
import { normalizeToChw } from '../media/resample.ts';
import { fromCrop, personCrop, warpCrop } from './person-crop.ts';
import { readPoseGolden } from './testdata/read-pose-golden.ts';

const golden = readPoseGolden();
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const picture: RgbImage = { ...golden.picture, data: bytes(golden.picture.data) };
const boxOf = ([x = 0, y = 0, width = 0, height = 0]: readonly number[]) => ({
  ...{ x_min: x, y_min: y, x_max: x + width, y_max: y + height },
});
const small = { width: 24, height: 32 };
const full = { width: 192, height: 256 };

test.each(golden.crops)('the crop around the person "$name" is that of transformers, bit for bit', (crop) => {
  const box = boxOf(crop.box);
  const made = warpCrop(picture, personCrop(box, small), small, 'udp');
  expect(made.data).toEqual(bytes(crop.udp));
  const large = warpCrop(picture, personCrop(box, full), full, 'udp');
  expect(createHash('sha256').update(large.data).digest('hex')).toBe(crop.udpFullSha256);
});

test.each(golden.crops)('the crop around the person "$name" is that of OpenCV within a level', (crop) => {
  const made = warpCrop(picture, personCrop(boxOf(crop.box), small), small, 'corners');
  const expected = bytes(crop.corners);
  const worst = made.data.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (expected[at] ?? -99))),
    0,
  );
  expect(worst).toBeLessThanOrEqual(1);
});

test('what the model is fed with is what transformers feeds it with', () => {
  const inside = golden.crops.find(({ name }) => name === 'inside');
  const crop = warpCrop(picture, personCrop(boxOf(inside?.box ?? []), small), small, 'udp');
  const made = normalizeToChw(crop, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
  const expected = new Float32Array(bytes(golden.normalised).buffer);
  expect(made.length).toBe(expected.length);
  const worst = made.reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[at] ?? 99))), 0);
  expect(worst).toBeLessThan(1e-6);
});

test('a place in the answer is the place of the picture that the estimator saw there', () => {
  const spot: RgbImage = { width: 90, height: 70, data: new Uint8Array(90 * 70 * 3) };
  for (const [x, y] of [
    [40, 32],
    [41, 32],
    [40, 33],
    [41, 33],
  ] as const)
    spot.data.fill(255, (y * 90 + x) * 3, (y * 90 + x) * 3 + 3);
  for (const kind of ['udp', 'corners'] as const) {
    const area = personCrop({ x_min: 30, y_min: 20, x_max: 52, y_max: 50 }, full);
    const { data } = warpCrop(spot, area, full, kind);
    let [sum, sumX, sumY] = [0, 0, 0];
    for (let at = 0; at < full.width * full.height; at++) {
      const light = data[at * 3] ?? 0;
      [sum, sumX, sumY] = [
        sum + light,
        sumX + light * (at % full.width),
        sumY + light * Math.floor(at / full.width),
      ];
    }
    const [x, y] = fromCrop(area, sumX / sum, sumY / sum, full, kind);
    expect(x).toBeCloseTo(40.5, 2);
    expect(y).toBeCloseTo(32.5, 2);
  }
});
