// What a file is and how many pixels it claims, read from its first bytes without decoding: a header of 30 000 x 30 000
// must cost nothing. Formats: PNG (W3C, 3rd ed.), JPEG (ITU-T T.81), WebP (RFC 9649), GIF (89a).

import { readGifFrame } from './gif.ts';

/** The kinds that are decoded. */
export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif';

/** `other` names what was recognised but is not taken; undefined when nothing was. */
export type Sniffed = { readonly kind: ImageKind } | { readonly kind?: undefined; readonly other?: string };

/** Sizes as stored, before any EXIF orientation. */
export interface ImageHeader {
  readonly width: number;
  readonly height: number;
  /** Samples a pixel as stored; 4 in a JPEG is CMYK. WebP always says 3. */
  readonly channels: number;
  readonly bitDepth: number;
}

const OTHER_MAGIC: readonly (readonly [name: string, offset: number, magic: string])[] = [
  ['a TIFF', 0, 'II*\0'],
  ['a TIFF', 0, 'MM\0*'],
  ['a BMP', 0, 'BM'],
  ['a PDF', 0, '%PDF'],
  ['a ZIP archive', 0, 'PK\u0003\u0004'],
  ['a Photoshop file', 0, '8BPS'],
  ['a JPEG XL', 0, '\u00ff\n'],
  ['a JPEG XL', 4, 'JXL '],
  ['a JPEG 2000', 4, 'jP  '],
  ['a Matroska or WebM video', 0, '\u001aE\u00df\u00a3'],
  ['an AVI video', 8, 'AVI '],
];

/** Brands of the `ftyp` box: HEIC, AVIF and MP4 share one container. */
const FTYP_BRANDS: readonly (readonly [name: string, brands: RegExp])[] = [
  ['a HEIC photo', /^(heic|heix|hevc|heim|heis|mif1|msf1)/],
  ['an AVIF', /^(avif|avis)/],
  ['an MP4 or QuickTime video', /^/],
];

/** The kind of a file by its first bytes; names and media types that came along are not believed. */
export function sniffImage(bytes: Uint8Array): Sniffed {
  const start = latin1(bytes, 0, 32);
  if (start.startsWith('\u00ff\u00d8\u00ff')) return { kind: 'jpeg' };
  if (start.startsWith('\u0089PNG\r\n\u001a\n')) return { kind: 'png' };
  if (start.startsWith('RIFF') && start.startsWith('WEBP', 8)) return { kind: 'webp' };
  if (/^GIF8[79]a/.test(start)) return { kind: 'gif' };
  if (start.startsWith('ftyp', 4)) {
    const brand = FTYP_BRANDS.find(([, pattern]) => pattern.test(start.slice(8)));
    if (brand) return { other: brand[0] };
  }
  const known = OTHER_MAGIC.find(([, offset, magic]) => start.startsWith(magic, offset));
  if (known) return { other: known[0] };
  const other = nameText(latin1(bytes, 0, 512));
  return other === undefined ? {} : { other };
}

function nameText(start: string): string | undefined {
  const text = start.replace(/^\u00ef\u00bb\u00bf/, '').trimStart();
  if (/^(<!doctype html|<html|<head|<body)/i.test(text)) return 'an HTML page';
  if (/^(<\?xml[^>]*>\s*)?(<!--[^>]*>\s*)?(<!doctype svg[^>]*>\s*)?<svg/i.test(text)) return 'an SVG drawing';
  if (text.startsWith('<?xml')) return 'an XML document';
  if (/^[{[]\s*["{[\]}]/.test(text)) return 'JSON';
  return undefined;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)));
}

/** The header of a file of this kind; undefined when it is cut off or makes no sense. */
export function readImageHeader(bytes: Uint8Array, kind: ImageKind): ImageHeader | undefined {
  const header = HEADERS[kind](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return header && header.width > 0 && header.height > 0 ? header : undefined;
}

const HEADERS: Readonly<Record<ImageKind, (view: DataView) => ImageHeader | undefined>> = {
  png: pngHeader,
  jpeg: jpegHeader,
  webp: webpHeader,
  gif: gifHeader,
};

function gifHeader({ buffer, byteOffset, byteLength }: DataView): ImageHeader | undefined {
  const frame = readGifFrame(new Uint8Array(buffer, byteOffset, byteLength));
  return frame && { width: frame.width, height: frame.height, channels: 1, bitDepth: 8 };
}

/** Samples per pixel of PNG's colour types. */
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function pngHeader(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 29 || view.getUint32(12) !== 0x49484452) return undefined;
  const channels = PNG_CHANNELS[view.getUint8(25)];
  if (channels === undefined) return undefined;
  return { width: view.getUint32(16), height: view.getUint32(20), channels, bitDepth: view.getUint8(24) };
}

/** Walks the segments to the frame header; thumbnails inside EXIF are skipped with their segment. */
function jpegHeader(view: DataView): ImageHeader | undefined {
  let at = 2;
  while (at + 4 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Fill bytes may stand before a marker; RST, SOI and TEM carry no length.
    if (marker === 0xff) at += 1;
    else if ((marker >= 0xd0 && marker <= 0xd8) || marker === 0x01) at += 2;
    else if (isFrameHeader(marker)) return jpegFrame(view, at + 4);
    else if (marker === 0xda || marker === 0xd9) return undefined;
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return undefined;
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function jpegFrame(view: DataView, at: number): ImageHeader | undefined {
  if (at + 6 > view.byteLength) return undefined;
  return {
    bitDepth: view.getUint8(at),
    height: view.getUint16(at + 1),
    width: view.getUint16(at + 3),
    channels: view.getUint8(at + 5),
  };
}

function webpHeader(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 30) return undefined;
  const chunk = view.getUint32(12);
  const size = { channels: 3, bitDepth: 8 };
  if (chunk === 0x56503858) {
    return { ...size, width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) };
  }
  if (chunk === 0x5650384c) {
    const packed = view.getUint32(21, true);
    return { ...size, width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) };
  }
  if (chunk !== 0x56503820) return undefined;
  return { ...size, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) + view.getUint8(at + 2) * 65536;
}

/** Whether a PNG or WebP stops before its own structure says that it ends. */
export function isCutOff(bytes: Uint8Array, kind: 'png' | 'webp'): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'webp') return view.byteLength < 12 || view.getUint32(4, true) + 8 > view.byteLength;
  let at = 8;
  while (at + 12 <= view.byteLength) {
    if (view.getUint32(at + 4) === 0x49454e44) return false;
    at += 12 + view.getUint32(at);
  }
  return true;
}
