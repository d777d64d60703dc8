import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resizeRgb } from './resample.ts';
import { plainPasses } from './resample-plain.ts';
import { createSimdPasses } from './resample-simd.ts';

const size = fc.integer({ min: 1, max: 90 });
const filter = fc.constantFrom('box', 'bilinear', 'bicubic', 'lanczos');
/** Of a picture's width or height: where the box begins, and how long it is. */
const span = fc.tuple(
  fc.double({ min: 0, max: 0.9, noNaN: true }),
  fc.double({ min: 0.05, max: 1, noNaN: true }),
);

const job = fc.record({
  ...{ width: size, height: size, outWidth: size, outHeight: size, filter },
  ...{ across: span, down: span, seed: fc.nat(), isBox: fc.boolean() },
  // From one row a strip to all of the picture in one.
  stripBytes: fc.constantFrom(1, 500, 3000, 1 << 20),
});

/** Levels over the whole range, with the hard edges that make bicubic and Lanczos overshoot. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state & 1 ? state >>> 24 : state & 2 ? 255 : 0;
  });
}

it('the SIMD passes give every level that the plain passes give', () => {
  fc.assert(
    fc.property(
      job,
      ({ width, height, outWidth, outHeight, filter, across, down, seed, isBox, stripBytes }) => {
        const image = { width, height, data: noise(width * height * 3, seed) };
        const cut = ([from, length]: [number, number], whole: number) => ({
          from: from * whole,
          to: Math.min(whole, (from + length) * whole),
        });
        const [x, y] = [cut(across, width), cut(down, height)];
        const box = isBox
          ? { x_min: x.from, x_max: x.to, y_min: y.from, y_max: y.to }
          : { x_min: 0, x_max: width, y_min: 0, y_max: height };
        const resize = (passes: ReturnType<typeof createSimdPasses>) =>
          resizeRgb(image, outWidth, outHeight, filter, box, passes).data;
        expect(resize(createSimdPasses(stripBytes))).toEqual(resize(plainPasses));
      },
    ),
    { numRuns: 300 },
  );
});

it('one set of passes serves pictures of any size, one after the other', () => {
  const passes = createSimdPasses();
  for (const width of [900, 30, 2000]) {
    const image = { width, height: 700, data: noise(width * 700 * 3, width) };
    const found = resizeRgb(image, 224, 150, 'bicubic', undefined, passes);
    const expected = resizeRgb(image, 224, 150, 'bicubic', undefined, plainPasses);
    expect(Buffer.compare(found.data, expected.data)).toBe(0);
  }
});
