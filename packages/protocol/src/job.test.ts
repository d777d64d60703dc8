import { describe, expect, test } from 'vitest';
import { submitBodySchema } from './job.ts';

const problemsOf = (body: object) =>
  (submitBodySchema.safeParse({ input: {}, ...body }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('a submit', () => {
  test.each([
    [{ webhook: 'example.com/done' }, 'webhook: expected an http or https address'],
    [{ webhook: 'ftp://example.com/done' }, 'webhook: expected an http or https address'],
    [{ policy: { lowPriority: 'no' } }, 'policy.lowPriority: expected true or false'],
  ])('says what was expected in place of %j', (body, problem) => {
    expect(problemsOf(body)).toEqual([problem]);
  });

  test('takes keys that nobody knows, and a webhook by http', () => {
    const more = { webhook: 'http://10.0.0.1:9000/done?of=me', extra: 1, policy: { more: true } };
    expect(problemsOf(more)).toEqual([]);
  });
});
