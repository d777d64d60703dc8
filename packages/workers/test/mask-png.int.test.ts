// Masks through real PNG files of every kind that users have.

import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readImageHeader } from '../src/media/image-header.ts';
import { InputError } from '../src/media/input-error.ts';
import { decodeMaskPng, encodeMaskPng } from '../src/media/mask-png.ts';

const SET = [0, 1, 1, 0, 0, 1] as const;
const SHAPE = { width: 3, height: 2 } as const;

/** Pixels of `channels` samples each, made from the wanted mask. */
function pixels(channels: number, sample: (isSet: number, channel: number) => number): Uint8Array {
  return Uint8Array.from({ length: 6 * channels }, (_, i) =>
    sample(SET[Math.floor(i / channels)] ?? 0, i % channels),
  );
}

async function decoded(file: Promise<Buffer>): Promise<number[]> {
  const mask = await decodeMaskPng(await file);
  expect([mask.width, mask.height]).toEqual([3, 2]);
  return [...mask.data];
}

function png(data: Uint8Array | Uint16Array, channels: 1 | 2 | 3 | 4) {
  return sharp(data, { raw: { ...SHAPE, channels } });
}

function chunk(name: string, data: Iterable<number>): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), Uint8Array.from(data)]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

describe('a mask is read from', () => {
  it('grey, where any level above 0 counts', async () => {
    expect(
      await decoded(
        png(
          pixels(1, (on) => on * 255),
          1,
        )
          .toColourspace('b-w')
          .png()
          .toBuffer(),
      ),
    ).toEqual([...SET]);
    expect(
      await decoded(
        png(
          pixels(1, (on) => on),
          1,
        )
          .toColourspace('b-w')
          .png()
          .toBuffer(),
      ),
    ).toEqual([...SET]);
  });

  it('one bit a pixel', async () => {
    const header = [0, 0, 0, 3, 0, 0, 0, 2, 1, 0, 0, 0, 0];
    const rows = deflateSync(Uint8Array.from([0, 0b0110_0000, 0, 0b0010_0000]));
    const signature = Buffer.from('89504e470d0a1a0a', 'hex');
    const file = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', [])]);
    expect(await decoded(Promise.resolve(file))).toEqual([...SET]);
  });

  it('colours, where any channel counts', async () => {
    for (const only of [0, 1, 2]) {
      const file = png(
        pixels(3, (on, channel) => (channel === only ? on * 9 : 0)),
        3,
      );
      expect(await decoded(file.png().toBuffer()), `channel ${only}`).toEqual([...SET]);
    }
  });

  it('a palette, by its colours', async () => {
    const file = png(
      pixels(3, (on, channel) => (channel === 1 ? on * 200 : 0)),
      3,
    ).png({ palette: true });
    const buffer = file.toBuffer();
    expect((await sharp(await buffer).metadata()).isPalette).toBe(true);
    expect(await decoded(buffer)).toEqual([...SET]);
  });

  it('pictures with alpha, which says nothing', async () => {
    const shown = png(
      pixels(4, (on, channel) => (channel === 3 ? 0 : on * 255)),
      4,
    );
    expect(await decoded(shown.png().toBuffer())).toEqual([...SET]);
    const clear = png(
      pixels(4, (on, channel) => (channel === 3 ? on * 255 : 0)),
      4,
    );
    expect(await decoded(clear.png().toBuffer())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('16 bits, where labels below 256 count too', async () => {
    const values = Uint16Array.from(SET, (on, i) => on * (i + 1));
    const file = await png(values, 1).toColourspace('grey16').png().toBuffer();
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    expect(await decoded(Promise.resolve(file))).toEqual([...SET]);
  });
});

describe('a mask that is written', () => {
  it('is a grey PNG of 0 and 255, and reads back the same', async () => {
    const mask = { ...SHAPE, data: Uint8Array.from(SET) };
    const file = await encodeMaskPng(mask);
    expect(readImageHeader(file, 'png')).toMatchObject({ channels: 1, bitDepth: 8 });
    const data = await sharp(file).toColourspace('b-w').raw().toBuffer();
    expect([...data]).toEqual(SET.map((on) => on * 255));
    expect(await decodeMaskPng(file)).toEqual(mask);
  });
});

describe('a mask is refused', () => {
  it('as a JPEG or WebP, saying why', async () => {
    const jpeg = await png(
      pixels(1, (on) => on * 255),
      1,
    )
      .jpeg()
      .toBuffer();
    await expect(decodeMaskPng(jpeg)).rejects.toThrow(
      new InputError('mask is a JPEG; masks must be PNG, because lossy edges are not exact.', 'mask'),
    );
  });

  it('when cut off, and when over the limit', async () => {
    const file = await encodeMaskPng({
      width: 64,
      height: 64,
      data: Uint8Array.from({ length: 4096 }, (_, i) => ((i * 7919) % 3 === 0 ? 1 : 0)),
    });
    await expect(decodeMaskPng(file.slice(0, file.length - 40))).rejects.toThrow(
      'mask is a PNG that is cut off',
    );
    const limits = { maxBytes: 1_000_000, maxPixels: 4000 };
    await expect(decodeMaskPng(file, limits, 'shape')).rejects.toThrow('shape is 64 x 64 pixels');
  });
});
