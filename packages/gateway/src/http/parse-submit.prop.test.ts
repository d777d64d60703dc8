import { submitBodySchema } from '@spillway/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { isInputOnly, parseSubmit } from './parse-submit.ts';

const keys = fc.constantFrom('input', 'webhook', 'policy', 's3Config', 'other', '__proto__', 'constructor');
const values = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(fc.oneof(keys, fc.string()), fc.jsonValue()),
  fc.constant('https://example.com/hook'),
  fc.constant({ lowPriority: true }),
);
/** As texts, since a submit is one: no key is special there. */
const bodies = fc
  .array(fc.tuple(keys, values), { maxLength: 5 })
  .map((pairs) => `{${pairs.map(([key, value]) => `"${key}":${JSON.stringify(value)}`).join(',')}}`);

test('what counts as an input and nothing else is taken by the schema, and is nothing else to it', () => {
  fc.assert(
    fc.property(bodies, (body) => {
      const value = JSON.parse(body) as Record<string, unknown>;
      const checked = submitBodySchema.safeParse(value);
      if (isInputOnly(value)) {
        expect(checked.success).toBe(true);
        expect(checked.data?.policy).toBeUndefined();
        expect(checked.data?.webhook).toBeUndefined();
      }
      // The other way: only where the schema looks at more than an input is it asked.
      const looksAtMore = ['policy', 'webhook', 's3Config'].some((key) => Object.hasOwn(value, key));
      if (checked.success && !looksAtMore) expect(isInputOnly(value)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('the input and all further keys travel as they were written', () => {
  const endpoint = newTestEndpoint({ name: 'echo' });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (input, other) => {
      const given = JSON.stringify(input);
      const alone = parseSubmit(`{ "input" : ${given} }`, endpoint, false);
      expect(alone.input).toBe(given);
      expect(alone.extras).toBeUndefined();
      const text = `{"other":${JSON.stringify(other)},"\\u0069nput":${given}}`;
      expect(parseSubmit(text, endpoint, false)).toMatchObject({
        input: given,
        extras: `{"other":${JSON.stringify(other)}}`,
      });
    }),
  );
});
