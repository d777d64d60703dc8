// Masks as PNG files: what users send to be measured, and what answers carry.

import { decodeError, inspectImage, KIND_NAMES } from './image.ts';
import { sniffImage } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { InputError } from './input-error.ts';
import { loadSharp } from './load-sharp.ts';
import type { Mask } from './raster.ts';

/**
 * A mask from a PNG of any kind: a pixel is set where any colour channel is not zero, so black is unset and every label or
 * grey counts. Palette entries count by their colour, not by their index; alpha is ignored; 16-bit values count in full.
 * @throws InputError when the bytes are no PNG, over a limit, cut off or damaged.
 */
export async function decodeMaskPng(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
  field = 'mask',
): Promise<Mask> {
  const { kind } = sniffImage(bytes);
  if (kind !== undefined && kind !== 'png') {
    throw new InputError(
      `${field} is a ${KIND_NAMES[kind]}; masks must be PNG, because lossy edges are not exact.`,
      field,
    );
  }
  const { header } = inspectImage(bytes, limits, field);
  const sharp = await loadSharp();
  const decoder = sharp(bytes, {
    failOn: 'error',
    ignoreIcc: true,
    autoOrient: true,
    limitInputPixels: limits.maxPixels,
  }).removeAlpha();
  // Cut to 8 bits, the labels 1 to 255 of a 16-bit mask would vanish.
  const pipeline =
    header.bitDepth === 16
      ? decoder.pipelineColourspace('rgb16').toColourspace('rgb16').raw({ depth: 'ushort' })
      : decoder.toColourspace('srgb').raw({ depth: 'uchar' });
  try {
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    const bytesPerPixel = data.length / (info.width * info.height);
    return { width: info.width, height: info.height, data: anyByteSet(data, bytesPerPixel) };
  } catch (error) {
    throw decodeError(error, bytes, 'png', field);
  }
}

function anyByteSet(pixels: Uint8Array, bytesPerPixel: number): Uint8Array {
  const mask = new Uint8Array(pixels.length / bytesPerPixel);
  for (let pixel = 0, at = 0; pixel < mask.length; pixel++) {
    let bits = 0;
    for (const end = at + bytesPerPixel; at < end; at++) bits |= pixels[at] as number;
    mask[pixel] = bits === 0 ? 0 : 1;
  }
  return mask;
}

/** The mask as a grey PNG: 255 where set, else 0. */
export async function encodeMaskPng(mask: Mask): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const grey = mask.data.map((value) => (value === 0 ? 0 : 255));
  return sharp(grey, { raw: { width: mask.width, height: mask.height, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 6 })
    .toBuffer();
}
