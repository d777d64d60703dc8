import { expect, test } from 'vitest';
import { encodeJson } from './encode-json.ts';
import { JobError } from './job-error.ts';

function messageFor(value: unknown): string {
  try {
    encodeJson(value, 'output');
  } catch (error) {
    expect(error).toBeInstanceOf(JobError);
    expect((error as JobError).type).toBe('OUTPUT_INVALID');
    return (error as JobError).message;
  }
  throw new Error('was accepted');
}

test('any JSON value is taken as it is, and nothing at all becomes null', () => {
  expect(encodeJson({ a: [1, 'ä', null, true] }, 'output')).toBe('{"a":[1,"ä",null,true]}');
  expect(encodeJson(undefined, 'output')).toBe('null');
  expect(encodeJson(0, 'output')).toBe('0');
});

test('the sentence names the place of a BigInt', () => {
  expect(messageFor({ boxes: [{ area: 1n }] })).toBe(
    'The output can\'t be written as JSON: "boxes[0].area" is a BigInt (turn it into a number or a text).',
  );
});

test('the sentence names the place of a value that contains itself', () => {
  const loop: Record<string, unknown> = { fine: 1 };
  loop.inner = { loop };
  expect(messageFor(loop)).toBe('The output can\'t be written as JSON: "inner.loop" contains itself.');
});

test('a value that is nested too deeply is told as that', () => {
  let nested: unknown = [];
  for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
  expect(messageFor(nested)).toBe("The output can't be written as JSON: it is nested too deeply.");
});

test('the same object twice is no loop', () => {
  const shared = { x: 1 };
  expect(encodeJson({ a: shared, b: shared }, 'output')).toBe('{"a":{"x":1},"b":{"x":1}}');
});

test('a function is no output', () => {
  expect(messageFor(() => 1)).toBe("The output can't be written as JSON: it is a function.");
});

test('a toJSON that throws is told with its own words', () => {
  const odd = {
    toJSON() {
      throw new Error('not today');
    },
  };
  expect(messageFor(odd)).toContain('not today');
});
