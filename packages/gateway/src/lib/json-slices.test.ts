import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinJsonObject, sliceJsonArray, sliceJsonObject } from './json-slices.ts';

describe('slices of a JSON object', () => {
  it('keeps numbers digit for digit', () => {
    const slices = sliceJsonObject('{ "a": 1.0, "b":12345678901234567890 , "c": {"d":[1e400, -0.0]} }');
    expect([...slices]).toEqual([
      ['a', '1.0'],
      ['b', '12345678901234567890'],
      ['c', '{"d":[1e400, -0.0]}'],
    ]);
  });

  it('is not fooled by braces and quotes inside strings', () => {
    const text = String.raw`{"x\"y":"}\\\"{","z":["]",{"}":"\\"}],"n":null}`;
    expect([...sliceJsonObject(text)]).toEqual([
      ['x"y', String.raw`"}\\\"{"`],
      ['z', String.raw`["]",{"}":"\\"}]`],
      ['n', 'null'],
    ]);
  });

  it('gives every value that the parser gives, for any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (object, isSpaced) => {
        const text = JSON.stringify(object, null, isSpaced ? 2 : undefined);
        const slices = sliceJsonObject(text);
        const back = JSON.parse(joinJsonObject([...slices])) as unknown;
        expect(back).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    '{"input":1,"input":{"b":2}}',
    String.raw`{"input":1,"\u0069nput":{"b":2}}`,
    '{"input":{"input":1},"input":{"b":2} }',
    '{"input":{"b":2}}\n',
  ])('takes the last of a key that comes twice, and no more than its value: %s', (text) => {
    expect([...sliceJsonObject(text)]).toEqual([['input', '{"b":2}']]);
  });

  it.each(['[]', '3', 'null', '"x"', '{', '{"a":1}}', ''])('refuses %s', (text) => {
    expect(() => sliceJsonObject(text)).toThrow(SyntaxError);
  });
});

describe('slices of a JSON array', () => {
  it('keeps every element digit for digit', () => {
    expect(sliceJsonArray(' [ 1.0 , {"a":[2.50,"]"]},"x,y" ,null, []\n] ')).toEqual([
      '1.0',
      '{"a":[2.50,"]"]}',
      '"x,y"',
      'null',
      '[]',
    ]);
    expect(sliceJsonArray('[ ]')).toEqual([]);
  });

  it('gives every element that the parser gives, for any array', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.boolean(), (array, isSpaced) => {
        const text = JSON.stringify(array, null, isSpaced ? 2 : undefined);
        expect(sliceJsonArray(text).map((slice) => JSON.parse(slice) as unknown)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each(['{}', '3', 'null', '"[]"', '[', '[1]]', ''])('refuses %s', (text) => {
    expect(() => sliceJsonArray(text)).toThrow(SyntaxError);
  });
});
