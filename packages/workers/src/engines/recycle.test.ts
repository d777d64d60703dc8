import { type Handler, runHandler } from '@spillway/sdk/worker';
import { expect, test } from 'vitest';
import { withRecycling } from './recycle.ts';

/** Runs jobs one after the other on what a worker would; tells for each whether a fresh process was asked for. */
async function countRefreshes(handler: Handler, jobs: number): Promise<boolean[]> {
  const asked: boolean[] = [];
  for (let job = 0; job < jobs; job++) {
    let isAsked = false;
    const noting: Handler = (taken, context) =>
      handler(taken, {
        ...context,
        refreshWorker() {
          isAsked = true;
        },
      });
    await runHandler(noting, {});
    asked.push(isAsked);
  }
  return asked;
}

test('without limits the handler stays as it is', () => {
  const handler: Handler = () => 'done';
  expect(withRecycling(handler, {})).toBe(handler);
});

test('after so many jobs a fresh process is asked for', async () => {
  const handler = withRecycling(() => 'done', { afterJobs: 3 });
  expect(await countRefreshes(handler, 3)).toEqual([false, false, true]);
});

test('a process that a job made too large asks for a fresh one with that very job', async () => {
  let resident = 100;
  const grow: Handler = async () => {
    resident += 100;
  };
  const handler = withRecycling(grow, { aboveBytes: 250 }, () => resident);
  expect(await countRefreshes(handler, 2)).toEqual([false, true]);
});

test('chunks of a streaming handler are passed on, and its memory counts', async () => {
  const stream: Handler = async function* () {
    yield 1;
    yield 2;
  };
  const handler = withRecycling(stream, { aboveBytes: 1 }, () => 2);
  expect((await runHandler(handler, {})).chunks).toEqual([1, 2]);
  expect(await countRefreshes(handler, 1)).toEqual([true]);
});

test('a job that fails does not hide that the process is too large', async () => {
  const handler = withRecycling(
    () => Promise.reject(new Error('no')),
    { aboveBytes: 1 },
    () => 2,
  );
  expect((await runHandler(handler, {})).status).toBe('FAILED');
  expect(await countRefreshes(handler, 1)).toEqual([true]);
});
