import type { RgbImage } from './raster.ts';

/**
 * The first frame of a GIF (CompuServe, version 89a), with the pixels that Pillow's `convert('RGB')` gives: the frame on
 * the whole screen, what is transparent in the colour that the palette has for it, and around a frame that is smaller
 * than the screen that same colour, or the palette's first. A frame that reaches over the screen makes it larger.
 */
export interface GifFrame {
  /** Of the screen. */
  readonly width: number;
  readonly height: number;
  /** Where the frame lies on the screen. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly isInterlaced: boolean;
  /** RGB by index; where the file has none, steps of grey. */
  readonly palette: Uint8Array;
  readonly transparent: number | undefined;
  readonly dataAt: number;
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;

/** Everything before the pixels of the first frame; undefined when it is cut off or makes no sense. */
export function readGifFrame(bytes: Uint8Array): GifFrame | undefined {
  try {
    return readFrame(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RangeError where the file ends too soon. */
function readFrame(view: DataView): GifFrame | undefined {
  const [screenWidth, screenHeight, flags] = [
    view.getUint16(6, true),
    view.getUint16(8, true),
    view.getUint8(10),
  ];
  let at = 13;
  let palette = greys();
  if (flags & 0x80) at = readPalette(view, at, flags, palette);
  let transparent: number | undefined;
  while (view.getUint8(at) === EXTENSION) {
    const isControl = view.getUint8(at + 1) === GRAPHIC_CONTROL && view.getUint8(at + 2) >= 4;
    if (isControl && view.getUint8(at + 3) & 1) transparent = view.getUint8(at + 6);
    at = skipBlocks(view, at + 2);
  }
  if (view.getUint8(at) !== IMAGE) return undefined;
  const [x, y, width, height] = [1, 3, 5, 7].map((offset) => view.getUint16(at + offset, true)) as Box;
  const frameFlags = view.getUint8(at + 9);
  at += 10;
  if (frameFlags & 0x80) {
    palette = greys();
    at = readPalette(view, at, frameFlags, palette);
  }
  if (width === 0 || height === 0) return undefined;
  return {
    width: Math.max(screenWidth, x + width),
    height: Math.max(screenHeight, y + height),
    box: { x, y, width, height },
    isInterlaced: (frameFlags & 0x40) !== 0,
    palette,
    transparent,
    dataAt: at,
  };
}

type Box = [x: number, y: number, width: number, height: number];

function greys(): Uint8Array {
  return Uint8Array.from({ length: 768 }, (_, at) => Math.floor(at / 3));
}

function readPalette(view: DataView, at: number, flags: number, palette: Uint8Array): number {
  const length = 3 << ((flags & 7) + 1);
  for (let i = 0; i < length; i += 1) palette[i] = view.getUint8(at + i);
  return at + length;
}

function skipBlocks(view: DataView, from: number): number {
  let at = from;
  for (let size = view.getUint8(at); size > 0; size = view.getUint8(at)) at += size + 1;
  return at + 1;
}

/** Why a frame has no pixels. */
export type GifProblem = 'cut off' | 'damaged';

export function decodeGifFrame(bytes: Uint8Array, frame: GifFrame): RgbImage | GifProblem {
  const { width, height, box, palette, transparent = 0 } = frame;
  const indexes = unpack(bytes, frame.dataAt, box.width * box.height);
  if (typeof indexes === 'string') return indexes;
  const data = new Uint8Array(width * height * 3);
  const paint = (to: number, index: number) => {
    data[to] = palette[index * 3] as number;
    data[to + 1] = palette[index * 3 + 1] as number;
    data[to + 2] = palette[index * 3 + 2] as number;
  };
  const isWhole = box.width === width && box.height === height;
  if (!isWhole) for (let to = 0; to < data.length; to += 3) paint(to, transparent);
  const rows = frame.isInterlaced ? interlacedRows(box.height) : undefined;
  for (let row = 0; row < box.height; row += 1) {
    const from = row * box.width;
    const start = ((box.y + (rows?.[row] ?? row)) * width + box.x) * 3;
    for (let column = 0; column < box.width; column += 1)
      paint(start + column * 3, indexes[from + column] as number);
  }
  return { width, height, data };
}

/** Rows in the order in which an interlaced frame stores them. */
function interlacedRows(height: number): number[] {
  const passes = [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const;
  return passes.flatMap(([first, step]) =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, i) => first + i * step),
  );
}

const MOST_CODES = 4096;

/** `count` palette indexes from the LZW data at `from`. */
function unpack(bytes: Uint8Array, from: number, count: number): Uint8Array | GifProblem {
  const minBits = bytes[from];
  if (minBits === undefined) return 'cut off';
  if (minBits < 1 || minBits > 8) return 'damaged';
  const read = createCodeReader(bytes, from + 1);
  const clear = 1 << minBits;
  const table = createTable(clear);
  const out = new Uint8Array(count);
  let [at, bits, previous] = [0, minBits + 1, -1];
  while (at < count) {
    const code = read(bits);
    if (code < 0 || code === clear + 1) return 'cut off';
    if (code === clear) {
      table.size = clear + 2;
      [bits, previous] = [minBits + 1, -1];
      continue;
    }
    // The code that is about to be made may be named; any other that isn't there may not.
    const isKnown =
      previous < 0 ? code < clear : code < table.size || (code === table.size && code < MOST_CODES);
    if (!isKnown) return 'damaged';
    if (previous >= 0) table.add(previous, code === table.size ? previous : code);
    at = table.write(code, out, at);
    if (table.size === 1 << bits && bits < 12) bits += 1;
    previous = code;
  }
  return out;
}

/** Strings of the LZW table: each is another one and a last index. */
function createTable(clear: number) {
  const prefix = new Uint16Array(MOST_CODES);
  const last = new Uint8Array(MOST_CODES);
  const first = new Uint8Array(MOST_CODES);
  const length = new Uint16Array(MOST_CODES);
  for (let code = 0; code < clear; code += 1) {
    last[code] = code;
    first[code] = code;
    length[code] = 1;
  }
  return {
    size: clear + 2,
    /** Makes the string `of` + the first index of the string `next`; a full table stays as it is. */
    add(of: number, next: number) {
      if (this.size >= MOST_CODES) return;
      prefix[this.size] = of;
      last[this.size] = first[next] as number;
      first[this.size] = first[of] as number;
      length[this.size] = (length[of] as number) + 1;
      this.size += 1;
    },
    /** @returns where the next string goes; what does not fit is left out. */
    write(code: number, out: Uint8Array, at: number): number {
      const end = at + (length[code] as number);
      for (let to = end - 1, part = code; to >= at; to -= 1, part = prefix[part] as number)
        if (to < out.length) out[to] = last[part] as number;
      return end;
    },
  };
}

/** Codes of so many bits each, lowest first, over the borders of the blocks; -1 at their end. */
function createCodeReader(bytes: Uint8Array, from: number): (bits: number) => number {
  let [at, left, buffer, held] = [from, 0, 0, 0];
  return (bits) => {
    while (held < bits) {
      if (left === 0) {
        left = bytes[at] ?? 0;
        at += 1;
      }
      const byte = left === 0 ? undefined : bytes[at];
      if (byte === undefined) return -1;
      buffer |= byte << held;
      held += 8;
      left -= 1;
      at += 1;
    }
    const code = buffer & ((1 << bits) - 1);
    buffer >>>= bits;
    held -= bits;
    return code;
  };
}
