import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Small real models, and ways to make them larger or different without changing what they compute. */
const workers = path.join(import.meta.dirname, '../../workers');

export const demoClip = (file: string): Buffer =>
  readFileSync(path.join(workers, 'src/models/demo-clip', file));

export const rfDetr = (): Buffer => readFileSync(path.join(workers, 'test/fixtures/official-rf-detr.onnx'));

export const samFile = (file: string): Buffer =>
  readFileSync(path.join(workers, 'test/fixtures/sam2.1-tiny-ONNX', file));

/** The model with so many bytes of documentation, each `letter`: another file that is as good. */
export function padded(model: Buffer, bytes: number, letter = 'a'): Buffer {
  return Buffer.concat([model, field(6, Buffer.alloc(bytes, letter))]);
}

/** The model with one more weight, which it keeps in another file. */
export function withExternalWeight(model: Buffer, location: string, bytes: number): Buffer {
  const entry = (key: string, value: string) =>
    field(13, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]));
  const tensor = Buffer.concat([
    ...[varint(1 << 3), varint(bytes / 4), varint(2 << 3), varint(1)],
    field(8, Buffer.from(`outside ${location}`)),
    ...[entry('location', location), entry('offset', '0'), entry('length', String(bytes))],
    ...[varint(14 << 3), varint(1)],
  ]);
  return Buffer.concat([model, field(7, field(5, tensor))]);
}

function field(number: number, body: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
