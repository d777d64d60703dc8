// Encoded picture → RGB pixels, the same that Pillow's `ImageOps.exif_transpose(image).convert('RGB')` gives: EXIF
// orientation applied, alpha dropped without blending, palettes expanded, 16 bits cut to 8, colour profiles ignored.
// One difference: Pillow clips 16-bit grey at 255, which leaves a white picture; here its high byte counts, as in 16-bit RGB.
// Limits are checked on bytes and header before anything is decoded.

import { decodeGifFrame, readGifFrame } from './gif.ts';
import { type ImageHeader, type ImageKind, isCutOff, readImageHeader, sniffImage } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, formatBytes, formatPixels, type ImageLimits } from './image-limits.ts';
import { InputError } from './input-error.ts';
import { loadSharp } from './load-sharp.ts';
import type { RgbImage } from './raster.ts';

/**
 * The pixels of a JPEG, PNG, WebP or GIF; of an animation its first frame.
 * @param field name used in the sentences, as the user knows it.
 * @throws InputError when the bytes are no such picture, over a limit, cut off or damaged.
 */
export async function decodeImage(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
  field = 'image',
): Promise<RgbImage> {
  const { kind, header } = inspectImage(bytes, limits, field);
  if (kind === 'gif') return decodeGif(bytes, field);
  const isCmyk = kind === 'jpeg' && header.channels === 4;
  const sharp = await loadSharp();
  // 'error' refuses cut-off files but not the harmless irregularities of many cameras, as Pillow does.
  const options = {
    failOn: 'error',
    ignoreIcc: true,
    autoOrient: true,
    limitInputPixels: limits.maxPixels,
  } as const;
  const decoder = sharp(bytes, options).removeAlpha();
  const pipeline = isCmyk
    ? decoder.pipelineColourspace('cmyk').toColourspace('cmyk')
    : decoder.toColourspace('srgb');
  try {
    const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: isCmyk ? cmykToRgb(data) : asBytes(data) };
  } catch (error) {
    throw decodeError(error, bytes, kind, field);
  }
}

/**
 * Kind and header of a picture that may be decoded.
 * @throws InputError when it is no JPEG, PNG, WebP or GIF, its header is unreadable, or it is over a limit.
 */
export function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits,
  field: string,
): { kind: ImageKind; header: ImageHeader } {
  if (bytes.length === 0) throw new InputError(`${field} is empty.`, field);
  if (bytes.length > limits.maxBytes) {
    throw new InputError(
      `${field} is ${formatBytes(bytes.length)}, more than the limit of ${formatBytes(limits.maxBytes)}. Send a smaller or more compressed picture.`,
      field,
    );
  }
  const sniffed = sniffImage(bytes);
  if (!sniffed.kind) {
    const what = sniffed.other ? `is ${sniffed.other}` : 'is not a picture that is known here';
    throw new InputError(`${field} ${what}; JPEG, PNG, WebP and GIF are accepted.`, field);
  }
  const header = readImageHeader(bytes, sniffed.kind);
  if (!header) {
    const name = KIND_NAMES[sniffed.kind];
    throw new InputError(
      `${field} is a ${name} whose header is damaged or cut off. Send the whole file again.`,
      field,
    );
  }
  const pixels = header.width * header.height;
  if (pixels > limits.maxPixels) {
    throw new InputError(
      `${field} is ${header.width} x ${header.height} pixels (${formatPixels(pixels)}), more than the limit of ${formatPixels(limits.maxPixels)}. Scale it down or cut it into parts.`,
      field,
    );
  }
  const { maxSide = Number.POSITIVE_INFINITY } = limits;
  if (Math.max(header.width, header.height) > maxSide) {
    throw new InputError(
      `${field} is ${header.width} x ${header.height} pixels, more than the limit of ${maxSide} a side. Scale it down or cut it into parts.`,
      field,
    );
  }
  return { kind: sniffed.kind, header };
}

/** sharp gives what is transparent as black, and Pillow in the palette's colour. */
function decodeGif(bytes: Uint8Array, field: string): RgbImage {
  const frame = readGifFrame(bytes);
  const image = frame ? decodeGifFrame(bytes, frame) : 'damaged';
  if (typeof image !== 'string') return image;
  throw unusable('gif', image === 'cut off', field);
}

export const KIND_NAMES: Readonly<Record<ImageKind, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  gif: 'GIF',
};

/** What a failed decoder means for the user; anything but the picture's fault is passed on as it is. */
export function decodeError(error: unknown, bytes: Uint8Array, kind: ImageKind, field: string): unknown {
  const text = error instanceof Error ? error.message : String(error);
  if (/memory/i.test(text)) return error;
  const isContainer = kind === 'png' || kind === 'webp';
  const isShort = isContainer ? isCutOff(bytes, kind) : /premature end/i.test(text);
  return unusable(kind, isShort, field, error);
}

function unusable(kind: ImageKind, isShort: boolean, field: string, cause?: unknown): InputError {
  const what = isShort ? 'is cut off before its end' : 'is damaged and cannot be decoded';
  const sentence = `${field} is a ${KIND_NAMES[kind]} that ${what}. Send the whole file again.`;
  return new InputError(sentence, field, { cause });
}

/** Pillow's formula, without colour profiles; the decoder has already undone Adobe's inverted storage. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - (cmyk[from + 3] as number);
    for (let channel = 0; channel < 3; channel++) {
      const product = (cmyk[from + channel] as number) * light + 128;
      rgb[to + channel] = light - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}

function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
