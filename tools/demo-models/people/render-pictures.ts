import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { resizeRgb } from '../../../packages/workers/src/media/resample.ts';
import { drawRandomPicture } from '../../../packages/workers/test/mannequin/random-picture.ts';

/**
 * Draws the pictures that the detector is trained and judged with, as it will see them: squeezed to a square with
 * antialiasing. A shard is `<seed>.npy`, uint8 [n, side, side, 3], with the boxes of each picture in `<seed>.json`:
 * centre, width and height as shares of the picture, and how much of the person is seen.
 *
 *     node render-pictures.ts --out /tmp/people --first 0 --count 6000
 */
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    first: { type: 'string', default: '0' },
    count: { type: 'string', default: '1000' },
    side: { type: 'string', default: '256' },
    shard: { type: 'string', default: '500' },
  },
});
const { out } = values;
if (out === undefined) throw new Error('--out: expected a folder for the shards.');
const [first, count, side, shard] = [values.first, values.count, values.side, values.shard].map(Number) as [
  number,
  number,
  number,
  number,
];

function renderShard(folder: string, from: number, pictures: number): void {
  const pixels = Buffer.alloc(pictures * side * side * 3);
  const boxes: number[][][] = [];
  for (let index = 0; index < pictures; index++) {
    const { canvas, people } = drawRandomPicture(from + index);
    const { widthPx: width, heightPx: height, rgb } = canvas;
    const data = new Uint8Array(rgb.buffer);
    pixels.set(resizeRgb({ width, height, data }, side, side, 'bilinear').data, index * side * side * 3);
    boxes.push(
      people.map(({ box: [left, top, right, bottom], seen }) => [
        ...[(left + right) / 2 / width, (top + bottom) / 2 / height],
        ...[(right - left) / width, (bottom - top) / height, seen],
      ]),
    );
  }
  const file = path.join(folder, `${String(from).padStart(8, '0')}`);
  writeFileSync(`${file}.json`, JSON.stringify(boxes));
  writeFileSync(`${file}.partial`, Buffer.concat([npyHeader(`${pictures}, ${side}, ${side}, 3`), pixels]));
  renameSync(`${file}.partial`, `${file}.npy`);
}

/** NumPy's format 1.0: the header ends on a multiple of 64 bytes. */
function npyHeader(shape: string): Buffer {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape}), }`;
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const start = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  return Buffer.concat([start, Buffer.from(header, 'latin1')]);
}

mkdirSync(out, { recursive: true });
for (let from = first; from < first + count; from += shard) {
  renderShard(out, from, Math.min(shard, first + count - from));
  console.log(`${from + Math.min(shard, first + count - from) - first} of ${count} pictures`);
}
