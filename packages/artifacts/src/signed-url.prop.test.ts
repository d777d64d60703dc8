import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DATA_PATH, readSignedUrl, type SignedTerms, signUrl } from './signed-url.ts';

const SECRET = 'of the tests';
const NOW = 1_795_000_000_000;

const terms = fc.record<SignedTerms>(
  {
    method: fc.constantFrom('GET', 'PUT'),
    key: fc.constantFrom('uploads/a.mp4', 'uploads/b.mp4'),
    expires: fc.integer({ min: NOW / 1000 + 1, max: NOW / 1000 + 1000 }),
    size: fc.nat(),
    type: fc.string(),
    name: fc.string(),
    upload: fc.string(),
    part: fc.integer({ min: 1, max: 10_000 }),
  },
  { requiredKeys: ['method', 'key', 'expires'] },
);

function callOf(url: string, method: SignedTerms['method']) {
  const { pathname, searchParams } = new URL(url, 'http://gateway');
  return { method, key: pathname.slice(DATA_PATH.length), query: Object.fromEntries(searchParams) };
}

test('a signed URL reads back as its terms', () => {
  fc.assert(
    fc.property(terms, (given) => {
      expect(readSignedUrl(SECRET, callOf(signUrl(SECRET, given), given.method), NOW)).toEqual(given);
    }),
  );
});

test('no term can be added, taken away or changed, and another secret signs nothing', () => {
  fc.assert(
    fc.property(
      terms,
      fc.constantFrom('expires', 'size', 'type', 'name', 'upload', 'part'),
      fc.string(),
      (given, term, value) => {
        const call = callOf(signUrl(SECRET, given), given.method);
        fc.pre(call.query[term] !== value && Number(call.query[term]) !== Number(value));
        const { [term]: _, ...without } = call.query;
        for (const query of [
          { ...call.query, [term]: value },
          ...(call.query[term] === undefined ? [] : [without]),
        ]) {
          expect(() => readSignedUrl(SECRET, { ...call, query }, NOW)).toThrow(
            /not one that the gateway signed/,
          );
        }
        expect(() => readSignedUrl('another', call, NOW)).toThrow(/not one that the gateway signed/);
        const method = given.method === 'GET' ? 'PUT' : 'GET';
        expect(() => readSignedUrl(SECRET, { ...call, method }, NOW)).toThrow(/with the same method/);
        expect(() => readSignedUrl(SECRET, { ...call, key: `${call.key}4` }, NOW)).toThrow(/not one that/);
      },
    ),
  );
});

test('it is good up to its second, and not in it', () => {
  const url = signUrl(SECRET, { method: 'GET', key: 'uploads/a.mp4', expires: NOW / 1000 });
  expect(() => readSignedUrl(SECRET, callOf(url, 'GET'), NOW - 1)).not.toThrow();
  expect(() => readSignedUrl(SECRET, callOf(url, 'GET'), NOW)).toThrow(/has expired; ask for a fresh one/);
});
