import { crc32, deflateSync } from 'node:zlib';

/** Pictures that a CLIP of any kind knows, drawn here so that a smoke test needs no files. */
export interface DrawnPicture {
  /** What it shows, as a text that should find it. */
  readonly caption: string;
  readonly png: Buffer;
}

const SIZE = 224;
const WHITE = [246, 246, 242] as const;

type Colour = readonly [number, number, number];

export function drawPictures(): readonly [DrawnPicture, DrawnPicture] {
  const middle = (SIZE - 1) / 2;
  const isInCircle = (x: number, y: number) => Math.hypot(x - middle, y - middle) < 70;
  const isInSquare = (x: number, y: number) => Math.max(Math.abs(x - middle), Math.abs(y - middle)) < 62;
  return [
    { caption: 'a red circle', png: draw(isInCircle, [215, 25, 30]) },
    { caption: 'a blue square', png: draw(isInSquare, [30, 70, 215]) },
  ];
}

function draw(isInside: (x: number, y: number) => boolean, colour: Colour): Buffer {
  // Each row begins with its filter: none.
  const rows = Buffer.alloc(SIZE * (1 + SIZE * 3));
  for (let y = 0; y < SIZE; y += 1) {
    for (let x = 0; x < SIZE; x += 1)
      rows.set(isInside(x, y) ? colour : WHITE, y * (1 + SIZE * 3) + 1 + x * 3);
  }
  return encodePng(SIZE, SIZE, rows);
}

/** 8 bits, RGB, not interlaced (PNG specification, third edition). */
function encodePng(width: number, height: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat(parts);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), 4 + body.length);
  return frame;
}
