import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cropRgb, resizeRgb, resizeRgbPart } from './resample.ts';

const filter = fc.constantFrom('box', 'bilinear', 'bicubic', 'lanczos');
const size = fc.integer({ min: 1, max: 70 });
const colour = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));

it('a picture of one colour keeps it at every size', () => {
  fc.assert(
    fc.property(size, size, size, size, filter, colour, (width, height, outWidth, outHeight, kind, rgb) => {
      const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => rgb[i % 3] ?? 0);
      const resized = resizeRgb({ width, height, data }, outWidth, outHeight, kind);
      expect(resized.data.length).toBe(outWidth * outHeight * 3);
      expect(resized.data.every((value, i) => value === rgb[i % 3])).toBe(true);
    }),
  );
});

it('the same size gives the same picture', () => {
  fc.assert(
    fc.property(
      size,
      size,
      filter,
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      (width, height, kind, seed) => {
        const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => seed[i % seed.length] ?? 0);
        expect(resizeRgb({ width, height, data }, width, height, kind).data).toEqual(data);
      },
    ),
  );
});

it('a mirrored picture resizes to the mirrored result', () => {
  const mirrored = (data: Uint8Array, width: number) =>
    data.map((_, i) => {
      const pixel = Math.floor(i / 3);
      const column = pixel % width;
      return data[(pixel - column + width - 1 - column) * 3 + (i % 3)] ?? 0;
    });
  fc.assert(
    fc.property(
      size,
      size,
      size,
      fc.uint8Array({ minLength: 3, maxLength: 99 }),
      (width, height, outWidth, seed) => {
        const data = Uint8Array.from(
          { length: width * height * 3 },
          (_, i) => seed[(i * 7) % seed.length] ?? 0,
        );
        const forward = resizeRgb({ width, height, data }, outWidth, height, 'bilinear').data;
        const backward = resizeRgb(
          { width, height, data: mirrored(data, width) },
          outWidth,
          height,
          'bilinear',
        ).data;
        const worst = mirrored(backward, outWidth).reduce(
          (most, value, i) => Math.max(most, Math.abs(value - (forward[i] ?? 0))),
          0,
        );
        // Sums that end in a half round away from mirror symmetry.
        expect(worst).toBeLessThanOrEqual(1);
      },
    ),
  );
});

it('a part that is resized alone has the pixels that it has in the whole', () => {
  const place = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99));
  fc.assert(
    fc.property(
      fc.tuple(size, size, size, size),
      place,
      filter,
      fc.uint8Array({ minLength: 3, maxLength: 99 }),
      ([width, height, outWidth, outHeight], [left, top, across, down], kind, seed) => {
        const data = Uint8Array.from(
          { length: width * height * 3 },
          (_, i) => seed[(i * 7) % seed.length] ?? 0,
        );
        const part = { left: left % outWidth, top: top % outHeight, width: 1, height: 1 };
        part.width += across % (outWidth - part.left);
        part.height += down % (outHeight - part.top);
        const image = { width, height, data };
        const expected = cropRgb(resizeRgb(image, outWidth, outHeight, kind), part);
        expect(resizeRgbPart(image, outWidth, outHeight, kind, part)).toEqual(expected);
      },
    ),
  );
});
