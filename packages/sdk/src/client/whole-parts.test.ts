import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { wholeParts } from './whole-parts.ts';

const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
const md5 = (start: number, end: number) =>
  createHash('md5').update(bytes.subarray(start, end)).digest('hex');
const slice = (start: number, end: number) => bytes.slice(start, end);
const source = { name: 'a', sizeBytes: 100, slice };

/** Ten parts of ten bytes with these ETags. */
const listed = (etagOf: (start: number) => string) => ({
  ...{ partSizeBytes: 10, partCount: 10 },
  parts: Array.from({ length: 10 }, (_, index) => ({
    ...{ partNumber: index + 1, sizeBytes: 10, etag: etagOf(index * 10) },
  })),
});
const numbers = async (parts: Parameters<typeof wholeParts>[0], of: Parameters<typeof wholeParts>[1]) =>
  (await wholeParts(parts, of)).map(({ partNumber }) => partNumber);
const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

test('a part that a server took for whole though it broke off is sent again', async () => {
  const parts = listed((start) => `"${md5(start, start === 30 ? 34 : start + 10)}"`);
  expect(await numbers(parts, { ...source, md5 })).toEqual(ALL.filter((number) => number !== 4));
});

test('it is found, too, where the source has no MD5 of its own, from bytes and from a browser file', async () => {
  const parts = listed((start) => `"${md5(start, start === 30 ? 34 : start + 10)}"`);
  const expected = ALL.filter((number) => number !== 4);
  expect(await numbers(parts, source)).toEqual(expected);
  const file = new Blob([bytes]);
  expect(await numbers(parts, { ...source, slice: (start, end) => file.slice(start, end) })).toEqual(
    expected,
  );
});

test('what was acknowledged is not read again', async () => {
  const read: number[] = [];
  const noted = {
    ...source,
    slice(start: number, end: number) {
      read.push(start);
      return slice(start, end);
    },
  };
  const parts = listed((start) => `"${md5(start, start === 30 ? 34 : start + 10)}"`);
  const whole = await wholeParts(parts, noted, new Set([1, 2, 5, 6, 7, 8, 9]));
  expect(whole.map(({ partNumber }) => partNumber)).toEqual(ALL.filter((number) => number !== 4));
  expect(read).toEqual([20, 30, 90]);
});

test('ETags that are no MD5 say nothing', async () => {
  expect(
    await numbers(
      listed(() => '"abc123"'),
      { ...source, md5 },
    ),
  ).toEqual(ALL);
});

test('a store whose ETags are never the MD5 of what came is believed', async () => {
  expect(
    await numbers(
      listed(() => `"${'0'.repeat(32)}"`),
      { ...source, md5 },
    ),
  ).toEqual(ALL);
});

test('the first parts, all of them broken off at once, are not believed', async () => {
  const parts = { ...listed((start) => `"${md5(start, start + 4)}"`) };
  const few = { ...parts, parts: parts.parts.slice(0, 3) };
  expect(await numbers(few, { ...source, md5 })).toEqual([]);
});
