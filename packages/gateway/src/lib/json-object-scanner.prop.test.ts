import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonObjectScanner } from './json-object-scanner.ts';
import { sliceJsonObject } from './json-slices.ts';

/** The values of an object as texts, read in pieces of this length. */
function scan(text: string, pieceBytes: number): Map<string, string> {
  const found = new Map<string, Buffer[]>();
  let pieces: Buffer[] = [];
  const scanner = createJsonObjectScanner({
    begin(key) {
      pieces = [];
      found.set(key, pieces);
    },
    piece: (bytes) => pieces.push(Buffer.from(bytes)),
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
  scanner.end();
  return new Map([...found].map(([key, list]) => [key, Buffer.concat(list).toString()]));
}

const spaced = fc.constantFrom(undefined, 1, '\t', ' \n\r');
const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());

test('it finds the same values as the reader that has all of the text, wherever the pieces are cut', () => {
  fc.assert(
    fc.property(objects, spaced, fc.integer({ min: 1, max: 40 }), (object, space, pieceBytes) => {
      const text = JSON.stringify(object, null, space);
      const expected = sliceJsonObject(text);
      const found = scan(text, pieceBytes);
      expect([...found]).toEqual([...expected]);
    }),
    { numRuns: 300 },
  );
});

test('it takes and refuses what JSON.parse does', () => {
  const broken = fc
    .tuple(
      objects,
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '}', ']', '1', '-', '.', 'e', 'n', '\n', '[', '{', ':'),
    )
    .map(([object, place, put]) => {
      const text = JSON.stringify(object);
      const at = place % (text.length + 1);
      return text.slice(0, at) + put + text.slice(at + 1);
    });
  const numbers = fc.stringMatching(/^-?[0-9.eE+-]{0,8}$/).map((one) => `{"a":${one}}`);
  fc.assert(
    fc.property(fc.oneof(broken, numbers), fc.integer({ min: 1, max: 9 }), (text, pieceBytes) => {
      fc.pre(text.isWellFormed());
      let isObject = false;
      try {
        const value: unknown = JSON.parse(text);
        isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      } catch {
        // It is none.
      }
      if (isObject) expect([...scan(text, pieceBytes)]).toEqual([...sliceJsonObject(text)]);
      else expect(() => scan(text, pieceBytes)).toThrow(SyntaxError);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['{"output": NaN}', 'NaN'],
  ['{"output": -Infinity}', 'Infinity'],
  ['{"output": [1,2', 'it ends in the middle'],
  ['[1]', 'unexpected "["'],
])('of %s it says what is wrong', (text, message) => {
  expect(() => scan(text, 3)).toThrow(message);
});
