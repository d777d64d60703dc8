import { crc32 } from 'node:zlib';

/**
 * Writes arrays as NumPy's NPZ: a ZIP of NPY files (version 1), stored. Little-endian float64, NaN where nothing is known.
 */
export function writeNpz(arrays: Readonly<Record<string, readonly (number | undefined)[]>>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, values] of Object.entries(arrays)) {
    const file = Buffer.from(`${name}.npy`, 'utf8');
    const bytes = writeNpy(values);
    const shared = sharedHeader(bytes, file);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), shared, file, bytes]);
    locals.push(local);
    directory.push(directoryEntry(shared, file, offset));
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, entries, end]);
}

/** From the version needed to the length of the extra field: the same in both headers of a file. */
function sharedHeader(bytes: Buffer, file: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  // The first day that a ZIP knows: files of the same values are the same files.
  header.writeUInt16LE(0x21, 8);
  header.writeUInt32LE(crc32(bytes), 10);
  header.writeUInt32LE(bytes.length, 14);
  header.writeUInt32LE(bytes.length, 18);
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

function writeNpy(values: readonly (number | undefined)[]): Buffer {
  const dict = `{'descr': '<f8', 'fortran_order': False, 'shape': (${values.length},), }`;
  const magic = 10;
  const length = Math.ceil((magic + dict.length + 1) / ALIGNED) * ALIGNED - magic;
  const header = Buffer.alloc(magic);
  header.write('\u0093NUMPY\u0001\u0000', 'latin1');
  header.writeUInt16LE(length, 8);
  const data = Buffer.alloc(values.length * 8);
  for (const [at, value] of values.entries()) data.writeDoubleLE(value ?? Number.NaN, at * 8);
  return Buffer.concat([header, Buffer.from(`${dict.padEnd(length - 1)}\n`, 'latin1'), data]);
}
