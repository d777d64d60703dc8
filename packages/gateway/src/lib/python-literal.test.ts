import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePythonLiteral } from './python-literal.ts';

describe('Python literals', () => {
  it('reads an error as the Python worker writes it', () => {
    const text = `{'message': "the model 'x' does not exist.", 'type': 'NotFoundError', 'param': None, 'code': 404}`;
    expect(parsePythonLiteral(text)).toEqual({
      message: "the model 'x' does not exist.",
      type: 'NotFoundError',
      param: null,
      code: 404,
    });
  });

  it('reads nested lists, tuples, numbers, words and escapes', () => {
    const text = String.raw`{'a': [1, -2.5e3, (True, False)], 'b': 'tab\t \x41\u00e9\U0001f600 it\'s', 'c': (), 'd': {}}`;
    expect(parsePythonLiteral(text)).toEqual({
      a: [1, -2500, [true, false]],
      b: "tab\t Aé😀 it's",
      c: [],
      d: {},
    });
  });

  it.each([
    '',
    'boom',
    "{'a': 1",
    "{'a' 1}",
    "'open",
    "{'a': Error('x')}",
    "{'a': 1} trailing",
    String.raw`'\xzz'`,
    '['.repeat(1000),
  ])('gives nothing for %j', (text) => {
    expect(parsePythonLiteral(text)).toBeUndefined();
  });

  it('reads back whatever repr wrote', () => {
    // JSON texts without control characters are Python literals but for the three words.
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree')),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('tree'),
        ),
      ),
    })).tree;
    fc.assert(
      fc.property(value, (tree) => {
        expect(parsePythonLiteral(repr(tree))).toEqual(tree);
      }),
    );
  });
});

function repr(value: unknown): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') {
    const text = value.replaceAll('\\', '\\\\');
    return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`;
  }
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, one]) => `${repr(key)}: ${repr(one)}`)
      .join(', ')}}`;
  }
  return String(value);
}
