import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resizeFloatBilinear } from '../media/resample-float.ts';
import { fitToPicture, placeOnPicture, upscaleLogits } from './placed-mask.ts';

const size = (max: number) =>
  fc.record({ width: fc.integer({ min: 1, max }), height: fc.integer({ min: 1, max }) });

/** Mostly negative planes, as mask logits are: the cut has something to leave out. */
const logitPlane = size(9).chain(({ width, height }) =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constant(-4) }, fc.double({ min: -3, max: 3, noNaN: true })), {
      minLength: width * height,
      maxLength: width * height,
    })
    .map((values) => ({ width, height, data: Float32Array.from(values) })),
);

test('a cut mask holds the same pixels as scaling the whole plane and keeping what is above 0', () => {
  fc.assert(
    fc.property(logitPlane, size(40), (plane, target) => {
      const { width, height, data } = plane;
      const scaled = resizeFloatBilinear(data, width, height, target.width, target.height);
      const whole = Array.from(scaled, (value) => (value > 0 ? 1 : 0));
      const placed = upscaleLogits(plane, target);
      const drawn = placed === undefined ? whole.map(() => 0) : [...placeOnPicture(placed, target).data];
      expect(drawn).toEqual(whole);
    }),
  );
});

test('fitting a mask to its picture keeps its pixels and leaves a ring of zeros inside the picture', () => {
  fc.assert(
    fc.property(logitPlane, size(40), (plane, picture) => {
      const placed = upscaleLogits(plane, picture);
      const fitted = placed && fitToPicture(placed, picture);
      if (placed === undefined || fitted === undefined) {
        expect(placed?.mask.data.includes(1) ?? false).toBe(false);
        return;
      }
      expect(placeOnPicture(fitted, picture)).toEqual(placeOnPicture(placed, picture));
      const { x, y, mask } = fitted;
      const hasPixel = (pick: (column: number, row: number) => boolean) =>
        mask.data.some((value, at) => value === 1 && pick(at % mask.width, Math.floor(at / mask.width)));
      expect(hasPixel((column) => column === 0)).toBe(x === 0 && hasPixel((column) => column === 0));
      expect(hasPixel((_, row) => row === mask.height - 1)).toBe(
        y + mask.height === picture.height && hasPixel((_, row) => row === mask.height - 1),
      );
    }),
  );
});
