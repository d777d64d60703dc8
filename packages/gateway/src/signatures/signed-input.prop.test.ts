import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openSeal, sealOf } from './seal.ts';
import { readSignedInput } from './signed-input.ts';

const json = fc.jsonValue({ maxDepth: 2 });
const fields = fc.dictionary(
  fc.string().filter((key) => key !== 'images' && key !== '__proto__'),
  json,
);
const items = fc.array(fields, { minLength: 1, maxLength: 4 });
const input = fc.oneof(
  fields,
  fc.tuple(fields, items).map(([rest, images]) => ({ ...rest, images })),
);
const written = fc
  .tuple(input, fc.boolean())
  .map(([value, isSpaced]) => JSON.stringify(value, null, isSpaced ? 1 : undefined));

const withoutAuth = ({ auth: _auth, ...rest }: Record<string, unknown>) => rest;

it('an input that is written with its own units is the same', () => {
  fc.assert(
    fc.property(written, (text) => {
      const { units, write } = readSignedInput(text);
      expect(JSON.parse(write(units.map((unit) => unit.text)))).toEqual(JSON.parse(text));
    }),
  );
});

it('each unit loses its `auth` and nothing else, and gets the one that it is given', () => {
  fc.assert(
    fc.property(written, (text) => {
      for (const unit of readSignedInput(text).units) {
        const bare = withoutAuth(unit.value);
        expect(JSON.parse(unit.bare)).toEqual(bare);
        expect(JSON.parse(unit.withAuth('{"ts":1}'))).toEqual({ ...bare, auth: { ts: 1 } });
      }
    }),
  );
});

it('a seal is opened after the text was stored and read again, and with no other secret, endpoint or text', () => {
  fc.assert(
    fc.property(written, fc.constantFrom<0 | 1>(0, 1), (text, version) => {
      const read = readSignedInput(text);
      const sealed = read.write(
        read.units.map(({ bare, withAuth }) => withAuth(sealOf('s', { endpoint: 'e', bare }, version))),
      );
      for (const { bare, auth } of readSignedInput(sealed).units) {
        expect(openSeal(['other', 's'], { endpoint: 'e', bare }, auth)).toBe(version);
        expect(openSeal(['other'], { endpoint: 'e', bare }, auth)).toBeUndefined();
        expect(openSeal(['s'], { endpoint: 'f', bare }, auth)).toBeUndefined();
        expect(openSeal(['s'], { endpoint: 'e', bare: `${bare} ` }, auth)).toBeUndefined();
        const other = { ...(auth as object), v: 1 - version };
        expect(openSeal(['s'], { endpoint: 'e', bare }, other)).toBeUndefined();
      }
    }),
  );
});
