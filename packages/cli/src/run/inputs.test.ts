import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type InputOptions, resolveInputs } from './inputs.ts';

const options: InputOptions = { extra: {}, stdin: Readable.from([]), bodyLimitBytes: 1000 };

async function load(argument: string, more: Partial<InputOptions> = {}) {
  const [input] = await resolveInputs([argument], { ...options, ...more });
  return input?.load();
}

test('JSON in quotes is the input itself', async () => {
  expect(await load('{"prompt":"a fox","input":"text"}')).toEqual({
    input: { prompt: 'a fox', input: 'text' },
    rest: {},
  });
});

test('a whole submit body is sent as it is, but for the id of test files', async () => {
  expect(await load('{"id":"test","input":{"prompt":"a fox"},"policy":{"ttl":10000}}')).toEqual({
    input: { prompt: 'a fox' },
    rest: { policy: { ttl: 10_000 } },
  });
});

test('--with wins over the input', async () => {
  const loaded = await load('{"a":1,"b":2}', { extra: { b: 3 } });
  expect(loaded?.input).toEqual({ a: 1, b: 3 });
});

test('stdin takes JSON, and anything else as a picture', async () => {
  const json = Readable.from([Buffer.from(' {"a":'), Buffer.from('1}')]);
  expect(await load('-', { stdin: json })).toMatchObject({ input: { a: 1 } });
  const picture = Readable.from([Buffer.from([0xff, 0xd8, 0xff])]);
  expect(await load('-', { stdin: picture })).toMatchObject({ input: { image: '/9j/', frame_id: 'stdin' } });
});

test.each([
  ['{"a":', 'input: not valid JSON'],
  ['-', '-: expected JSON or a picture on stdin'],
])('%s is wrong use that names what was expected', async (argument, sentence) => {
  const failure = await load(argument).catch((error: unknown) => error);
  expect(failure).toMatchObject({ exitCode: 2, message: expect.stringContaining(sentence) });
});

test('an input that no job can hold is refused before it is sent', async () => {
  const text = JSON.stringify({ image: 'A'.repeat(2000) });
  await expect(load(text)).rejects.toThrow('it makes a job of 2.0 kB, and a job may have 1.0 kB');
});
