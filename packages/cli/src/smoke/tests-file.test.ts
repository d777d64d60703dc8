import { expect, test } from 'vitest';
import { parseTests } from './tests-file.ts';

const parse = (text: string) => parseTests(text, 'tests.json');

test('names, inputs and times are read, and the machine for the tests is left alone', () => {
  const text = `{
    "tests": [
      { "name": "greets", "input": { "name": "Ada" }, "timeout": 10000 },
      { "name": "takes its time", "input": {} }
    ],
    "config": { "gpuTypeId": "NVIDIA GeForce RTX 4090", "env": [{ "key": "A", "value": "b" }] }
  }`;
  expect(parse(text)).toEqual([
    { name: 'greets', input: { name: 'Ada' }, timeoutMs: 10_000 },
    { name: 'takes its time', input: {} },
  ]);
});

test('commas at the end of lists and objects are no problem, and those in texts stay', () => {
  const text = '{"tests": [{"name": "a", "input": {"prompt": "one, ] two,}", "n": [1, 2, ],},},]}';
  expect(parse(text)).toEqual([{ name: 'a', input: { prompt: 'one, ] two,}', n: [1, 2] } }]);
});

test.each([
  ['{"tests": ', /^tests\.json: not valid JSON/],
  ['[]', /^tests\.json: expected an object, found a list/],
  ['{"tests": []}', /^tests\.json: tests: expected a list such as/],
  ['{"tests": [{"input": {}}]}', /^tests\.json: tests\[0\]\.name: expected text/],
  ['{"tests": [{"name": "a"}]}', /^tests\.json: tests\[0\]\.input: expected an object, found nothing/],
  ['{"tests": [{"name": "a", "input": "x"}]}', /tests\[0\]\.input: expected an object, found "x"/],
  [
    '{"tests": [{"name": "a", "input": {}, "timeout": "10s"}]}',
    /tests\[0\]\.timeout: expected milliseconds, found "10s"/,
  ],
])('%s is refused, naming the place', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});
