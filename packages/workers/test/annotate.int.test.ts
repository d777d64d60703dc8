// An annotated picture as a file: what a user opens in a viewer.

import sharp from 'sharp';
import { expect, it } from 'vitest';
import { drawAnnotations, renderAnnotated } from '../src/media/annotate.ts';

it('an annotated picture is a PNG of the same size with exactly the drawn pixels', async () => {
  const image = { width: 320, height: 240, data: new Uint8Array(320 * 240 * 3).fill(150) };
  const result = {
    anomalies: [
      {
        defect_type: 'exposed_rebar',
        bbox: { x_min: 60, y_min: 80, x_max: 220, y_max: 130 },
        geometry: { length_pixels: 160.2, width_pixels: 12.4 },
        confidence: { combined: 0.91 },
      },
    ],
    structures: [
      { class_name: 'beam', confidence: 0.8, bbox: { x_min: 5, y_min: 5, x_max: 315, y_max: 200 } },
    ],
    caption: 'demo · 1 defect · 412 ms',
  };
  const file = await renderAnnotated(image, result);
  const metadata = await sharp(file).metadata();
  expect(metadata).toMatchObject({ format: 'png', width: 320, height: 240, channels: 3 });
  const pixels = await sharp(file).raw().toBuffer();
  expect(Buffer.from(drawAnnotations(image, result).data).equals(pixels)).toBe(true);
  expect(image.data.every((value) => value === 150)).toBe(true);
});
