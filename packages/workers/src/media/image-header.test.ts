import { describe, expect, it } from 'vitest';
import { inspectImage } from './image.ts';
import { type ImageKind, isCutOff, readImageHeader, sniffImage } from './image-header.ts';
import { DEFAULT_IMAGE_LIMITS, formatBytes, formatPixels } from './image-limits.ts';

const latin1 = (text: string) => new Uint8Array(Buffer.from(text.padEnd(40, '\0'), 'latin1'));

function pngHead(width: number, height: number, depth = 8, colourType = 2): Uint8Array {
  const bytes = Buffer.alloc(33);
  bytes.write('\u0089PNG\r\n\u001a\n\0\0\0\rIHDR', 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes[24] = depth;
  bytes[25] = colourType;
  return bytes;
}

/** An APP1 segment that holds a thumbnail's frame header, then the picture's own. */
function jpegHead(width: number, height: number, channels = 3): Uint8Array {
  const frame = (w: number, h: number) => [0xff, 0xc2, 0, 17, 8, h >> 8, h & 255, w >> 8, w & 255, channels];
  const thumbnail = [0xff, 0xd8, ...frame(160, 120)];
  const app1 = [0xff, 0xe1, 0, 2 + thumbnail.length, ...thumbnail];
  const huffman = [0xff, 0xc4, 0, 4, 0, 0];
  return Uint8Array.from([0xff, 0xd8, ...app1, 0xff, ...huffman, ...frame(width, height)]);
}

function webpHead(chunk: string, write: (bytes: Buffer) => void): Uint8Array {
  const bytes = Buffer.alloc(30);
  bytes.write(`RIFF\u0016\0\0\0WEBP${chunk}`, 'latin1');
  write(bytes);
  return bytes;
}

const HUGE: readonly (readonly [ImageKind, Uint8Array])[] = [
  ['png', pngHead(30_000, 30_000)],
  ['jpeg', jpegHead(30_000, 30_000)],
  [
    'webp',
    webpHead('VP8X', (bytes) => {
      bytes.writeUIntLE(29_999, 24, 3);
      bytes.writeUIntLE(29_999, 27, 3);
    }),
  ],
];

describe('what a file is', () => {
  it('is told by its first bytes', () => {
    expect(sniffImage(jpegHead(1, 1))).toEqual({ kind: 'jpeg' });
    expect(sniffImage(pngHead(1, 1))).toEqual({ kind: 'png' });
    expect(sniffImage(latin1('RIFF\u0010\0\0\0WEBPVP8 '))).toEqual({ kind: 'webp' });
  });

  it('is named for files that are often sent by mistake', () => {
    const files: [bytes: string, name: string][] = [
      ['BM', 'a BMP'],
      ['II*\0', 'a TIFF'],
      ['MM\0*', 'a TIFF'],
      ['\0\0\0\u0018ftypheic', 'a HEIC photo'],
      ['\0\0\0\u001cftypavif', 'an AVIF'],
      ['\0\0\0\u0020ftypisom', 'an MP4 or QuickTime video'],
      ['%PDF-1.7', 'a PDF'],
      ['PK\u0003\u0004', 'a ZIP archive'],
      ['\n <!DOCTYPE html><html>', 'an HTML page'],
      ['<html><body>404', 'an HTML page'],
      ['<?xml version="1.0"?>\n<svg xmlns="', 'an SVG drawing'],
      ['<?xml version="1.0"?><Error>', 'an XML document'],
      ['{"error": "not found"}', 'JSON'],
    ];
    for (const [bytes, name] of files) {
      expect(sniffImage(latin1(bytes)), name).toEqual({ other: name });
      const inspect = () => inspectImage(latin1(bytes), DEFAULT_IMAGE_LIMITS, 'image');
      expect(inspect).toThrow(`image is ${name}; JPEG, PNG, WebP and GIF are accepted.`);
    }
  });

  it('stays open when nothing matches', () => {
    expect(sniffImage(latin1('just words'))).toEqual({});
    expect(sniffImage(new Uint8Array(0))).toEqual({});
    const inspect = () => inspectImage(latin1('just words'), DEFAULT_IMAGE_LIMITS, 'photo');
    expect(inspect).toThrow(
      'photo is not a picture that is known here; JPEG, PNG, WebP and GIF are accepted.',
    );
  });
});

describe('the header', () => {
  it('gives the size of a PNG with its samples', () => {
    const header = { width: 640, height: 480, channels: 1, bitDepth: 16 };
    expect(readImageHeader(pngHead(640, 480, 16, 0), 'png')).toEqual(header);
  });

  it('gives the size of a JPEG and not that of its thumbnail', () => {
    const header = { width: 4032, height: 3024, channels: 4, bitDepth: 8 };
    expect(readImageHeader(jpegHead(4032, 3024, 4), 'jpeg')).toEqual(header);
  });

  it('gives the size of all three kinds of WebP', () => {
    const lossy = webpHead('VP8 ', (bytes) => {
      bytes.writeUInt16LE(0x4000 | 1200, 26);
      bytes.writeUInt16LE(800, 28);
    });
    const lossless = webpHead('VP8L', (bytes) => bytes.writeUInt32LE(1199 | (799 << 14), 21));
    const extended = webpHead('VP8X', (bytes) => {
      bytes.writeUIntLE(1199, 24, 3);
      bytes.writeUIntLE(799, 27, 3);
    });
    for (const bytes of [lossy, lossless, extended]) {
      expect(readImageHeader(bytes, 'webp')).toMatchObject({ width: 1200, height: 800 });
    }
  });

  it('is refused when cut off at any byte, without reading past the end', () => {
    for (const [kind, whole] of HUGE) {
      for (let length = 0; length < whole.length - 4; length++) {
        const cut = readImageHeader(whole.slice(0, length), kind);
        expect(cut, `${kind} of ${length} bytes`).toBeUndefined();
      }
    }
  });

  it('is refused when it says zero pixels', () => {
    const inspect = () => inspectImage(pngHead(0, 100), DEFAULT_IMAGE_LIMITS, 'image');
    expect(inspect).toThrow('image is a PNG whose header is damaged or cut off. Send the whole file again.');
  });
});

describe('limits', () => {
  it('refuse a header of 30 000 x 30 000 before anything is decoded', () => {
    for (const [kind, bytes] of HUGE) {
      expect(() => inspectImage(bytes, DEFAULT_IMAGE_LIMITS, 'image'), kind).toThrow(
        'image is 30000 x 30000 pixels (900 megapixels), more than the limit of 50 megapixels.',
      );
    }
  });

  it('can be set', () => {
    const inspect = (maxBytes: number, maxPixels: number) => () =>
      inspectImage(pngHead(20, 10), { maxBytes, maxPixels }, 'image');
    expect(inspect(33, 200)()).toMatchObject({ kind: 'png', header: { width: 20 } });
    expect(inspect(33, 199)).toThrow('image is 20 x 10 pixels');
    expect(inspect(32, 200)).toThrow('image is 33 bytes, more than the limit of 32 bytes');
  });

  it('are written as people read them', () => {
    expect([999, 1500, 20_000_000, 1_250_000].map(formatBytes)).toEqual([
      '999 bytes',
      '1.5 kB',
      '20 MB',
      '1.3 MB',
    ]);
    expect([50_000_000, 307_200].map(formatPixels)).toEqual(['50 megapixels', '0.3 megapixels']);
  });
});

describe('a file that ends too early', () => {
  it('is told from a damaged one by its own structure', () => {
    const chunk = [0, 0, 0, 2, 0x49, 0x44, 0x41, 0x54, 1, 2, 9, 9, 9, 9];
    const end = [0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 9, 9, 9, 9];
    const whole = Uint8Array.from([...pngHead(5, 5), ...chunk, ...end]);
    expect(isCutOff(whole, 'png')).toBe(false);
    expect(isCutOff(whole.slice(0, -13), 'png')).toBe(true);
    const webp = webpHead('VP8 ', () => undefined);
    expect(isCutOff(webp, 'webp')).toBe(false);
    expect(isCutOff(webp.slice(0, -1), 'webp')).toBe(true);
  });
});
