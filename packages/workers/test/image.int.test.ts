// Decoding with the real decoder: every kind of file against what Pillow reads from it, and every kind of bad file.

import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeBase64Image } from '../src/media/base64-image.ts';
import { decodeImage } from '../src/media/image.ts';
import { InputError } from '../src/media/input-error.ts';
import type { RgbImage } from '../src/media/raster.ts';

interface Golden {
  files: { name: string; width: number; height: number; file: string; rgb: string }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../src/media/testdata/decode-golden.json', import.meta.url), 'utf8'),
) as Golden;

function goldenFile(name: string): Uint8Array {
  const found = golden.files.find((item) => item.name === name);
  if (!found) throw new Error(`the golden file has no ${name}`);
  return decodeBase64Image(found.file);
}

async function refusal(action: Promise<unknown>): Promise<InputError> {
  const outcome = await action.then(
    () => 'it was accepted',
    (error: unknown) => error,
  );
  if (outcome instanceof InputError) return outcome;
  throw new Error(`not refused as it should be: ${String(outcome)}`);
}

describe('decoding against Pillow', () => {
  for (const { name, width, height, file, rgb } of golden.files) {
    it(`gives the pixels of a ${name}`, async () => {
      const image = await decodeImage(decodeBase64Image(file));
      expect([image.width, image.height]).toEqual([width, height]);
      const expected = Buffer.from(rgb, 'base64');
      expect(image.data.length).toBe(expected.length);
      const worst = image.data.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? -999))),
        0,
      );
      // Lossy kinds are exact too where the decoder has the same vector code; others may round differently.
      const isLossy = /JPEG|lossy/.test(name);
      expect(worst).toBeLessThanOrEqual(isLossy ? 1 : 0);
    });
  }

  it('takes the high byte of 16-bit grey, where Pillow would give a white picture', async () => {
    const values = Uint16Array.from([0x0102, 0x80ff, 0xfe01, 0x00ff]);
    const raw = { width: 4, height: 1, channels: 1 } as const;
    const file = await sharp(values, { raw }).toColourspace('grey16').png().toBuffer();
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    const { data } = await decodeImage(file);
    expect([...data]).toEqual([1, 1, 1, 0x80, 0x80, 0x80, 0xfe, 0xfe, 0xfe, 0, 0, 0]);
  });
});

describe('EXIF orientation', () => {
  const scene: RgbImage = {
    width: 5,
    height: 3,
    data: Uint8Array.from({ length: 45 }, (_, i) => (i * 37) % 251),
  };
  /** For each orientation: the stored pixel that is shown at (x, y); the EXIF standard, table of tag 274. */
  const stored: Record<number, (x: number, y: number) => [column: number, row: number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [4 - x, y],
    3: (x, y) => [4 - x, 2 - y],
    4: (x, y) => [x, 2 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, 2 - x],
    7: (x, y) => [4 - y, 2 - x],
    8: (x, y) => [4 - y, x],
  };

  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`${orientation} is applied in PNG, WebP and JPEG`, async () => {
      const raw = { width: 5, height: 3, channels: 3 } as const;
      const tagged = () => sharp(scene.data, { raw }).withMetadata({ orientation });
      const files = [await tagged().png().toBuffer(), await tagged().webp({ lossless: true }).toBuffer()];
      const [width, height] = orientation < 5 ? [5, 3] : [3, 5];
      const expected = Array.from({ length: width * height }, (_, pixel) => {
        const [column, row] = stored[orientation]?.(pixel % width, Math.floor(pixel / width)) ?? [0, 0];
        return [...scene.data.subarray((row * 5 + column) * 3, (row * 5 + column) * 3 + 3)];
      }).flat();
      for (const file of files) {
        const image = await decodeImage(file);
        expect([image.width, image.height]).toEqual([width, height]);
        expect([...image.data]).toEqual(expected);
      }
      const jpeg = await decodeImage(await tagged().jpeg().toBuffer());
      expect([jpeg.width, jpeg.height]).toEqual([width, height]);
    });
  }
});

describe('files that are refused', () => {
  it('when cut off, wherever that is', async () => {
    for (const name of [
      'JPEG 4:4:4',
      'progressive JPEG',
      'CMYK JPEG',
      'RGB PNG',
      '16-bit RGB PNG',
      'lossless WebP',
      'GIF of 256 colours',
    ]) {
      const whole = goldenFile(name);
      for (const share of [0.5, 0.7, 0.9, 0.97]) {
        const cut = whole.slice(0, Math.floor(whole.length * share));
        const { message } = await refusal(decodeImage(cut));
        expect(message, `${name} at ${share}`).toMatch(
          /cut off( before its end)?\. Send the whole file again\.$/,
        );
      }
    }
  });

  it('when only a few bytes arrived', async () => {
    for (const name of ['JPEG 4:2:0', 'RGB PNG', 'lossy WebP', 'GIF']) {
      const { message } = await refusal(decodeImage(goldenFile(name).slice(0, 16)));
      expect(message, name).toMatch(/^image is a (JPEG|PNG|WebP|GIF) whose header is damaged or cut off/);
    }
  });

  it('when damaged inside', async () => {
    const png = goldenFile('RGB PNG').slice();
    png.fill(0x55, png.length - 300, png.length - 200);
    expect((await refusal(decodeImage(png))).message).toBe(
      'image is a PNG that is damaged and cannot be decoded. Send the whole file again.',
    );
  });

  it('when they are something else, by its name', async () => {
    const tiff = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .tiff()
      .toBuffer();
    const error = await refusal(decodeImage(tiff, undefined, 'photo'));
    expect(error.message).toBe('photo is a TIFF; JPEG, PNG, WebP and GIF are accepted.');
    expect(error.field).toBe('photo');
    expect((await refusal(decodeImage(new Uint8Array(0)))).message).toBe('image is empty.');
  });

  it('when the header claims more pixels than the limit, although the file is tiny', async () => {
    const png = Buffer.from(goldenFile('RGB PNG'));
    png.writeUInt32BE(30_000, 16);
    png.writeUInt32BE(30_000, 20);
    const jpeg = Buffer.from(goldenFile('JPEG 4:2:0'));
    const frame = jpeg.indexOf('ffc0', 'hex');
    jpeg.writeUInt16BE(30_000, frame + 5);
    jpeg.writeUInt16BE(30_000, frame + 7);
    const before = process.memoryUsage.rss();
    for (const bytes of [png, jpeg]) {
      const { message } = await refusal(decodeImage(bytes));
      expect(message).toContain(
        '30000 x 30000 pixels (900 megapixels), more than the limit of 50 megapixels',
      );
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000);
  });

  it('and the next good file is decoded as if nothing had been', async () => {
    const image = await decodeImage(goldenFile('RGB PNG'));
    expect([image.width, image.height]).toEqual([23, 17]);
  });
});

describe('files with harmless irregularities', () => {
  it('are decoded: bytes before a marker and after the end', async () => {
    const jpeg = Buffer.from(goldenFile('JPEG 4:2:0'));
    const end = jpeg.lastIndexOf('ffd9', 'hex');
    const odd = Buffer.concat([
      jpeg.subarray(0, end),
      Buffer.alloc(3),
      jpeg.subarray(end),
      Buffer.from('trailing words'),
    ]);
    expect((await decodeImage(odd)).data).toEqual((await decodeImage(jpeg)).data);
  });
});
