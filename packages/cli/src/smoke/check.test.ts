import { expect, test } from 'vitest';
import { type Check, CheckFailed, CheckSkipped, NothingAnswers, runChecks } from './check.ts';

const passing = (name: string): Check => ({ name, run: async () => 'fine' });
const ending = (name: string, error: Error): Check => ({
  name,
  run: async () => {
    throw error;
  },
});

async function run(checks: readonly Check[], signal = new AbortController().signal) {
  const results = await runChecks(checks, { signal, onResult: () => {}, now: () => 0 });
  return results.map(({ name, status, detail }) => `${status} ${name}: ${detail}`);
}

test('a check that fails or is skipped takes no other along', async () => {
  const checks = [
    ending('a', new CheckFailed('no vector')),
    ending('b', new CheckSkipped('no secret')),
    ending('c', new TypeError('a fault of our own')),
    passing('d'),
  ];
  expect(await run(checks)).toEqual([
    'FAILED a: no vector',
    'SKIPPED b: no secret',
    'FAILED c: a fault of our own',
    'PASSED d: fine',
  ]);
});

test('where nothing answers, the others are not tried', async () => {
  let isTried = false;
  const other: Check = {
    name: 'b',
    run: async () => {
      isTried = true;
      return '';
    },
  };
  expect(await run([ending('a', new NothingAnswers('no worker starts')), other])).toEqual([
    'FAILED a: no worker starts',
    'SKIPPED b: not tried, after what is said above',
  ]);
  expect(isTried).toBe(false);
});

test('an interruption ends it without a word on the check that ran', async () => {
  const enough = new AbortController();
  const interrupted: Check = {
    name: 'b',
    run: async () => {
      enough.abort();
      throw new Error('cut off');
    },
  };
  expect(await run([passing('a'), interrupted, passing('c')], enough.signal)).toEqual(['PASSED a: fine']);
});
