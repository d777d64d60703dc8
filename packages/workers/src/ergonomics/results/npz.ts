import { crc32 } from 'node:zlib';
import { type Column, type Columns, knownAt, piecesOf } from './columns.ts';

/**
 * Writes arrays as NumPy's NPZ: a ZIP of NPY files (version 1), stored. Little-endian float64, NaN where nothing is known.
 */
export function* writeNpz(arrays: Columns): Generator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, values] of Object.entries(arrays)) {
    const file = Buffer.from(`${name}.npy`, 'utf8');
    const shared = sharedHeader(values, file);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), shared, file]);
    yield local;
    yield* writeNpy(values);
    directory.push(directoryEntry(shared, file, offset));
    offset += local.length + lengthOfNpy(values);
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  yield Buffer.concat([entries, end]);
}

/** From the version needed to the length of the extra field: the same in both headers of a file. */
function sharedHeader(values: Column, file: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  // The first day that a ZIP knows: files of the same values are the same files.
  header.writeUInt16LE(0x21, 8);
  let sum = 0;
  for (const piece of writeNpy(values)) sum = crc32(piece, sum);
  header.writeUInt32LE(sum, 10);
  header.writeUInt32LE(lengthOfNpy(values), 14);
  header.writeUInt32LE(lengthOfNpy(values), 18);
  header.writeUInt16LE(file.length, 22);
  return header;
}

function directoryEntry(shared: Buffer, file: Buffer, offset: number): Buffer {
  const made = Buffer.from([20, 0]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('PK\u0001\u0002', 'latin1'), made, shared, rest, file]);
}

const ALIGNED = 64;
const VALUE = 8;

const lengthOfNpy = (values: Column) => headerOfNpy(values).length + values.length * VALUE;

function headerOfNpy({ length: count }: Column): Buffer {
  const dict = `{'descr': '<f8', 'fortran_order': False, 'shape': (${count},), }`;
  const magic = 10;
  const length = Math.ceil((magic + dict.length + 1) / ALIGNED) * ALIGNED - magic;
  const header = Buffer.alloc(magic);
  header.write('\u0093NUMPY\u0001\u0000', 'latin1');
  header.writeUInt16LE(length, 8);
  return Buffer.concat([header, Buffer.from(`${dict.padEnd(length - 1)}\n`, 'latin1')]);
}

function* writeNpy(values: Column): Generator<Buffer> {
  yield headerOfNpy(values);
  for (const [from, to] of piecesOf(values)) {
    const data = Buffer.alloc((to - from) * VALUE);
    for (let at = from; at < to; at += 1)
      data.writeDoubleLE(knownAt(values, at) ?? Number.NaN, (at - from) * VALUE);
    yield data;
  }
}
