import { InputError } from '../media/input-error.ts';
import type { RgbImage } from '../media/raster.ts';
import { normalizeToChw, resizeRgbPart } from '../media/resample.ts';

/**
 * A picture as CLIP's vision tower takes it, as open_clip prepares it, level for level: the short side
 * to `size` by Pillow's antialiased bicubic filter, the middle square, values / 255, mean and standard deviation.
 */
export interface PreprocessSettings {
  /** Side of the square, pixels. */
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073];
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711];

/** From here on a picture is a line, of which only a speck would be seen, and scaling it up would take gigabytes. */
const MOST_SLENDER = 100;

/** @throws InputError for a picture that is all length. */
export function checkProportions({ width, height }: RgbImage, field: string): void {
  if (Math.max(width, height) <= MOST_SLENDER * Math.min(width, height)) return;
  const sentence = `${field} is ${width} x ${height} pixels; one side may be at most ${MOST_SLENDER} times as long as the other.`;
  throw new InputError(sentence, field);
}

/** Planes [3, size, size], in `output` where there is one. */
export function preparePicture(
  image: RgbImage,
  { size, mean, std }: PreprocessSettings,
  output?: Float32Array,
): Float32Array {
  return normalizeToChw(middleSquare(image, size), mean, std, output);
}

/** The middle square of the picture with its short side at `size`. */
export function middleSquare(image: RgbImage, size: number): RgbImage {
  const short = Math.min(image.width, image.height);
  const long = Math.trunc((size * Math.max(image.width, image.height)) / short);
  const [width, height] = image.width <= image.height ? [size, long] : [long, size];
  const [left, top] = [width, height].map((side) => roundHalfEven((side - size) / 2)) as [number, number];
  return resizeRgbPart(image, width, height, 'bicubic', { left, top, width: size, height: size });
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
