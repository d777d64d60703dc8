/**
 * Writes Python pickles (protocol 3) of plain values: any Python 3 reads them, and needs to import nothing for it.
 */
export type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [key: string]: Plain | undefined };

/** Whole numbers become int, others float; undefined fields are left out. */
export function writePickle(value: Plain): Buffer {
  const parts: Buffer[] = [Buffer.from([0x80, 3])];
  write(value, parts);
  parts.push(Buffer.from('.'));
  return Buffer.concat(parts);
}

/** Operation and its argument. */
function operation(code: string, size: number, fill: (argument: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(1 + size);
  bytes.write(code, 'latin1');
  fill(bytes.subarray(1));
  return bytes;
}

function write(value: Plain, parts: Buffer[]): void {
  if (value === null) parts.push(Buffer.from('N'));
  else if (typeof value === 'boolean') parts.push(Buffer.from([value ? 0x88 : 0x89]));
  else if (typeof value === 'number') parts.push(numberOf(value));
  else if (typeof value === 'string') parts.push(textOf(value));
  else if (Array.isArray(value)) writeMany(']', 'e', value, parts);
  else {
    const fields = Object.entries(value).filter((entry): entry is [string, Plain] => entry[1] !== undefined);
    writeMany('}', 'u', fields.flat(), parts);
  }
}

function writeMany(start: string, end: string, values: readonly Plain[], parts: Buffer[]): void {
  parts.push(Buffer.from(start));
  if (values.length === 0) return;
  parts.push(Buffer.from('('));
  for (const one of values) write(one, parts);
  parts.push(Buffer.from(end));
}

function numberOf(value: number): Buffer {
  const isInt = Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) <= 0x7fffffff;
  return isInt
    ? operation('J', 4, (argument) => argument.writeInt32LE(value))
    : operation('G', 8, (argument) => argument.writeDoubleBE(value));
}

function textOf(value: string): Buffer {
  const text = Buffer.from(value, 'utf8');
  return Buffer.concat([operation('X', 4, (argument) => argument.writeUInt32LE(text.length)), text]);
}
