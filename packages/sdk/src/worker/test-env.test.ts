import { expect, test } from 'vitest';
import type { Handler } from './job-context.ts';
import { JobError } from './job-error.ts';
import { runHandler } from './test-env.ts';

test('a run shows output, progress and log', async () => {
  const run = await runHandler(
    (job, context) => {
      context.progress(1);
      context.progress(2);
      context.log.info('half way');
      return { sum: Number(job.input.a) + Number(job.extra), attempt: context.attempt };
    },
    { a: 2 },
    { jobId: 'mine', attempt: 2, job: { extra: 3 } },
  );
  expect(run).toEqual({
    status: 'COMPLETED',
    output: { sum: 5, attempt: 2 },
    error: undefined,
    failureType: undefined,
    progress: [1, 2],
    chunks: [],
    logs: ['INFO  | mine | half way'],
    isRefreshAsked: false,
  });
});

test('a failure shows its sentence and its kind', async () => {
  const run = await runHandler(() => {
    throw JobError.invalidInput('a: missing');
  }, {});
  expect(run).toMatchObject({ status: 'FAILED', error: 'a: missing', failureType: 'INPUT_INVALID' });
});

/** Counts until it is cancelled, as a well-behaved handler does. */
const counter: Handler = async function* (_job, context) {
  for (let i = 1; !context.signal.aborted; i += 1) {
    context.progress(i);
    yield i;
  }
};

test('a job can be cancelled after so many progress values or chunks', async () => {
  const byProgress = await runHandler(counter, {}, { cancelAfterProgress: 3 });
  expect(byProgress).toMatchObject({ status: 'CANCELLED', progress: [1, 2, 3], chunks: [1, 2] });
  const byChunks = await runHandler(counter, {}, { cancelAfterChunks: 3 });
  expect(byChunks).toMatchObject({ status: 'CANCELLED', output: undefined, chunks: [1, 2, 3] });
});

test('a job can be cancelled from outside while its handler waits', async () => {
  const stop = new AbortController();
  const started = Promise.withResolvers<void>();
  const run = runHandler(
    (_job, context) => {
      started.resolve();
      return new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason));
      });
    },
    {},
    { signal: stop.signal },
  );
  await started.promise;
  stop.abort();
  expect(await run).toMatchObject({ status: 'CANCELLED', error: undefined });
});

test('the handler gets its input through JSON, as from a server', async () => {
  const run = await runHandler((job) => job.input, { when: new Date(0), nothing: undefined });
  expect(run.output).toEqual({ when: '1970-01-01T00:00:00.000Z' });
});
