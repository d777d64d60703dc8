/** What a picture may cost before it is decoded. */
export interface ImageLimits {
  /** Bytes of the encoded file. */
  readonly maxBytes: number;
  /** Width times height. Decoded, a pixel takes three bytes. */
  readonly maxPixels: number;
  /** Of width and of height (default: as many as `maxPixels` allows). */
  readonly maxSide?: number;
}

export const DEFAULT_MAX_IMAGE_BYTES = 20_000_000;
const DEFAULT_MAX_IMAGE_PIXELS = 50_000_000;

export const DEFAULT_IMAGE_LIMITS: ImageLimits = Object.freeze({
  maxBytes: DEFAULT_MAX_IMAGE_BYTES,
  maxPixels: DEFAULT_MAX_IMAGE_PIXELS,
});

/** `20 MB`, `1.5 MB`, `812 kB`: decimal units, as the limits are. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1_000_000) return `${roundTo(bytes / 1_000_000)} MB`;
  return bytes >= 1000 ? `${roundTo(bytes / 1000)} kB` : `${bytes} bytes`;
}

/** `50 megapixels`, `0.3 megapixels`. */
export function formatPixels(pixels: number): string {
  return `${roundTo(pixels / 1_000_000)} megapixels`;
}

function roundTo(value: number): number {
  return value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
}
