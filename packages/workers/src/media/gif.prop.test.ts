import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeGifFrame, readGifFrame } from './gif.ts';

/** A screen of 20 x 20 with a frame of 20 x 20, eight colours, and pixels that are whatever follows. */
function gifOf(blocks: readonly Uint8Array[], minBits: number): Uint8Array {
  const head = [...Buffer.from('GIF89a'), 20, 0, 20, 0, 0x82, 0, 0, ...Array(24).fill(7)];
  const frame = [0x2c, 0, 0, 0, 0, 20, 0, 20, 0, 0, minBits];
  return Uint8Array.from([...head, ...frame, ...blocks.flatMap((block) => [block.length, ...block]), 0]);
}

const decode = (bytes: Uint8Array) => {
  const frame = readGifFrame(bytes);
  return frame && decodeGifFrame(bytes, frame);
};

test('whatever the pixels hold, they are a picture or a problem', () => {
  const block = fc.uint8Array({ minLength: 1, maxLength: 255 });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), fc.integer({ min: 0, max: 255 }), (blocks, minBits) => {
      const image = decode(gifOf(blocks, minBits));
      if (typeof image === 'object') expect(image.data).toHaveLength(1200);
      else expect(['cut off', 'damaged']).toContain(image);
    }),
  );
});

test('whatever a file holds behind its first bytes, it is read to its end at most', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => {
      const frame = readGifFrame(Uint8Array.from([...Buffer.from('GIF89a'), ...rest]));
      if (frame) expect(frame.dataAt).toBeLessThanOrEqual(6 + rest.length);
    }),
  );
});

test('one frame of a single colour, all its pixels in one growing run, is that colour', () => {
  // Clear, 1, then codes that each name the string that is just being made.
  const codes: number[] = [8, 1];
  for (let made = 10, left = 399; left > 0; made += 1, left -= made - 9) codes.push(made);
  const image = decode(gifOf([pack(codes)], 3));
  expect(typeof image === 'object' && image.data.every((value) => value === 7)).toBe(true);
});

/** Codes of growing width, as an encoder writes them that adds an entry with every code after the first. */
function pack(codes: readonly number[]): Uint8Array {
  const bits: number[] = [];
  for (const [at, code] of codes.entries()) {
    const size = 10 + Math.max(0, at - 2);
    const width = Math.max(4, Math.floor(Math.log2(size)) + 1);
    for (let bit = 0; bit < width; bit += 1) bits.push((code >> bit) & 1);
  }
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, byte) =>
    bits.slice(byte * 8, byte * 8 + 8).reduce((value, bit, place) => value | (bit << place), 0),
  );
}
