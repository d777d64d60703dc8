import { type Column, knownAt, piecesOf } from './columns.ts';

/**
 * Writes Python pickles (protocol 3) of plain values: any Python 3 reads them, and needs to import nothing for it.
 */
export type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | Float64Array
  | { readonly [key: string]: Plain | undefined };

/**
 * In pieces. Whole numbers become int, others float; undefined fields are left out. A typed list is written as any other,
 * with None for NaN.
 */
export function* writePickle(value: Plain): Generator<Buffer> {
  yield Buffer.from([0x80, 3]);
  yield* write(value);
  yield Buffer.from('.');
}

function* write(value: Plain): Generator<Buffer> {
  if (value === null) yield Buffer.from('N');
  else if (typeof value === 'boolean') yield Buffer.from([value ? 0x88 : 0x89]);
  else if (typeof value === 'number') yield numbersOf([value], 0, 1);
  else if (typeof value === 'string') yield textOf(value);
  else if (value instanceof Float64Array) yield* writeColumn(value);
  else if (Array.isArray(value)) yield* writeMany(']', 'e', value);
  else {
    const fields = Object.entries(value).filter((entry): entry is [string, Plain] => entry[1] !== undefined);
    yield* writeMany('}', 'u', fields.flat());
  }
}

function* writeMany(start: string, end: string, values: readonly Plain[]): Generator<Buffer> {
  yield Buffer.from(start);
  if (values.length === 0) return;
  yield Buffer.from('(');
  for (const one of values) yield* write(one);
  yield Buffer.from(end);
}

function* writeColumn(column: Column): Generator<Buffer> {
  yield Buffer.from(']');
  if (column.length === 0) return;
  yield Buffer.from('(');
  for (const [from, to] of piecesOf(column)) yield numbersOf(column, from, to);
  yield Buffer.from('e');
}

/** The operation of a float and its argument. */
const MOST_BYTES = 9;

function numbersOf(column: Column, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe((to - from) * MOST_BYTES);
  let end = 0;
  for (let at = from; at < to; at += 1) {
    const value = knownAt(column, at);
    if (value === undefined) end = bytes.writeUInt8(OPERATIONS.none, end);
    else if (isInt(value)) end = bytes.writeInt32LE(value, bytes.writeUInt8(OPERATIONS.int, end));
    else end = bytes.writeDoubleBE(value, bytes.writeUInt8(OPERATIONS.float, end));
  }
  return bytes.subarray(0, end);
}

const OPERATIONS = { none: 0x4e, int: 0x4a, float: 0x47 } as const;

const isInt = (value: number) =>
  Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) <= 0x7fffffff;

function textOf(value: string): Buffer {
  const text = Buffer.from(value, 'utf8');
  const head = Buffer.alloc(5);
  head.write('X', 'latin1');
  head.writeUInt32LE(text.length, 1);
  return Buffer.concat([head, text]);
}
