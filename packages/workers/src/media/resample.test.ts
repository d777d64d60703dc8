import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from './raster.ts';
import { normalizeToChw, type ResampleBox, resizeRgb } from './resample.ts';
import type { ResampleFilter } from './resample-coefficients.ts';
import { resizeFloatBilinear } from './resample-float.ts';

interface Golden {
  inputs: Record<string, { width: number; height: number; data: string }>;
  resizes: {
    input: string;
    filter: ResampleFilter;
    width: number;
    height: number;
    box?: ResampleBox;
    output: string;
  }[];
  interpolations: {
    width: number;
    height: number;
    input: string;
    outWidth: number;
    outHeight: number;
    output: string;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('./testdata/resample-golden.json', import.meta.url), 'utf8'),
) as Golden;

function picture(name: string): RgbImage {
  const input = golden.inputs[name];
  if (!input) throw new Error(`the golden file has no picture ${name}`);
  return { width: input.width, height: input.height, data: bytes(input.data) };
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function floats(text: string): Float32Array {
  return new Float32Array(bytes(text).buffer);
}

describe('resizing against Pillow', () => {
  for (const filter of ['box', 'bilinear', 'bicubic', 'lanczos'] as const) {
    const cases = golden.resizes.filter((item) => item.filter === filter);

    it(`gives every byte as Pillow's ${filter} filter does`, () => {
      expect(cases.length).toBeGreaterThan(15);
      for (const { input, width, height, box, output } of cases) {
        const label = `${input} to ${width} x ${height} ${box ? JSON.stringify(box) : ''}`;
        const resized = resizeRgb(picture(input), width, height, filter, box);
        expect([resized.width, resized.height], label).toEqual([width, height]);
        expect(Buffer.from(resized.data).toString('base64'), label).toBe(output);
      }
    });
  }

  it('refuses sizes and boxes that cannot be', () => {
    const image = picture('noise');
    expect(() => resizeRgb(image, 0, 5, 'bilinear')).toThrow('sizes are whole numbers from 1');
    expect(() => resizeRgb(image, 5, 2.5, 'bilinear')).toThrow('5 x 2.5');
    expect(() => resizeRgb(image, 5, 5, 'bilinear', boxOf([0, 0, 32, 5]))).toThrow(
      'inside the 31 x 22 picture',
    );
    expect(() => resizeRgb(image, 5, 5, 'bilinear', boxOf([4, 0, 4, 5]))).toThrow('not be empty');
  });
});

function boxOf([x_min, y_min, x_max, y_max]: [number, number, number, number]): ResampleBox {
  return { x_min, y_min, x_max, y_max };
}

describe('resizing floats against PyTorch', () => {
  it('agrees within single precision', () => {
    expect(golden.interpolations.length).toBeGreaterThan(4);
    for (const item of golden.interpolations) {
      const { width, height, outWidth, outHeight } = item;
      const resized = resizeFloatBilinear(floats(item.input), width, height, outWidth, outHeight);
      const expected = floats(item.output);
      expect(resized.length).toBe(expected.length);
      const worst = resized.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? 0))),
        0,
      );
      expect(worst, `${width} x ${height} to ${outWidth} x ${outHeight}`).toBeLessThan(1e-5);
    }
  });

  it('refuses values that do not fill the plane', () => {
    expect(() => resizeFloatBilinear(new Float32Array(5), 2, 2, 4, 4)).toThrow('5 values as 2 x 2');
  });
});

describe('normalizing', () => {
  it('puts the channels into planes and scales each by its own mean and deviation', () => {
    const image = { width: 2, height: 1, data: Uint8Array.from([0, 51, 255, 255, 102, 0]) };
    const planes = normalizeToChw(image, [0, 0.2, 0.5], [1, 0.1, 0.25]);
    const expected = [0, 1, 0, 2, 2, -2];
    expect(planes.length).toBe(6);
    planes.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
    });
  });

  it('rounds as PyTorch does in single precision', () => {
    // torch: (torch.tensor(200.) / 255 - 0.485) / 0.229
    const image = { width: 1, height: 1, data: Uint8Array.from([200, 200, 200]) };
    const [first] = normalizeToChw(image, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    expect(first).toBe(1.3070467710494995);
  });
});
