import { expect, test } from 'vitest';
import { createLocalArtifacts } from './job-artifacts.ts';
import type { Handler } from './job-context.ts';
import { createWorkerLog } from './log.ts';
import { type RunAttemptOptions, runAttempt } from './run-attempt.ts';

/** Runs a handler and records what it sends, in order. */
function run(handler: Handler, options: Partial<RunAttemptOptions> = {}) {
  const sent: string[] = [];
  const attempt = runAttempt({
    job: { id: 'j1', input: { n: 2 } },
    handler,
    artifacts: createLocalArtifacts,
    identity: { attempt: 3, workerId: 'w1', hostname: 'box', endpoint: 'e' },
    sink: {
      progress: (json) => sent.push(`progress ${json}`),
      chunk: async (json) => void sent.push(`chunk ${json}`),
    },
    log: createWorkerLog({ write: () => {}, format: 'text', level: 'debug', secrets: [] }),
    signal: new AbortController().signal,
    returnAggregateStream: false,
    ...options,
  });
  return { sent, attempt };
}

test('a handler gets the job and a context that says who runs it', async () => {
  const { attempt } = run((job, context) => ({
    doubled: Number(job.input.n) * 2,
    where: [context.jobId, context.attempt, context.workerId, context.endpoint],
  }));
  expect((await attempt).outcome).toEqual({
    status: 'COMPLETED',
    outputJson: '{"doubled":4,"where":["j1",3,"w1","e"]}',
  });
});

test('a handler that throws before its first await fails like any other', async () => {
  const { attempt } = run(() => {
    throw new Error('at once');
  });
  const { outcome } = await attempt;
  expect(outcome.status === 'FAILED' && JSON.parse(outcome.error).error_message).toBe('at once');
});

test('progress is a copy of the value at the time of the call', async () => {
  const { sent, attempt } = run((_job, context) => {
    const state = { done: 1 };
    context.progress(state);
    state.done = 2;
    context.progress(state);
  });
  await attempt;
  expect(sent).toEqual(['progress {"done":1}', 'progress {"done":2}']);
});

test('progress after the end goes nowhere', async () => {
  const later = Promise.withResolvers<void>();
  const { sent, attempt } = run((_job, context) => {
    void later.promise.then(() => context.progress('late'));
    return 'done';
  });
  await attempt;
  later.resolve();
  await later.promise;
  expect(sent).toEqual([]);
});

test('each value of a generator is a chunk, async or not, and the output is an empty list', async () => {
  const handlers: Handler[] = [
    async function* () {
      yield 'a';
      yield { b: 1 };
    },
    function* () {
      yield 'a';
      yield { b: 1 };
    },
  ];
  for (const handler of handlers) {
    const { sent, attempt } = run(handler);
    expect(await attempt).toEqual({
      outcome: { status: 'COMPLETED', outputJson: '[]' },
      isStream: true,
      isRefreshAsked: false,
    });
    expect(sent).toEqual(['chunk "a"', 'chunk {"b":1}']);
  }
});

test('with returnAggregateStream the output is all chunks', async () => {
  const handler: Handler = function* () {
    yield 1;
    yield undefined;
    yield [2];
  };
  const { attempt } = run(handler, { returnAggregateStream: true });
  expect((await attempt).outcome).toEqual({ status: 'COMPLETED', outputJson: '[1,null,[2]]' });
});

test('lists and texts are outputs, not streams', async () => {
  expect(await run(() => [1, 2]).attempt).toMatchObject({
    isStream: false,
    outcome: { outputJson: '[1,2]' },
  });
  expect(await run(() => 'text').attempt).toMatchObject({
    isStream: false,
    outcome: { outputJson: '"text"' },
  });
});

test('a generator is not asked for its next value before the last one is safe', async () => {
  const steps: string[] = [];
  const safe = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const { attempt } = run(
    function* () {
      steps.push('make 1');
      yield 1;
      steps.push('make 2');
      yield 2;
    },
    {
      sink: {
        progress: () => {},
        async chunk(json) {
          steps.push(`send ${json}`);
          await safe[count++]?.promise;
          steps.push(`safe ${json}`);
        },
      },
    },
  );
  for (const one of safe) {
    await new Promise((resolve) => setImmediate(resolve));
    steps.push('-');
    one.resolve();
  }
  await attempt;
  expect(steps).toEqual(['make 1', 'send 1', '-', 'safe 1', 'make 2', 'send 2', '-', 'safe 2']);
});

test('a yielded error ends the stream as a failure and lets the generator clean up', async () => {
  let isCleanedUp = false;
  const { sent, attempt } = run(function* () {
    try {
      yield 'fine';
      yield { error: 'lost the model' };
      yield 'never';
    } finally {
      isCleanedUp = true;
    }
  });
  expect((await attempt).outcome).toMatchObject({ status: 'FAILED', error: 'lost the model' });
  expect(sent).toEqual(['chunk "fine"']);
  expect(isCleanedUp).toBe(true);
});

test('a generator that throws fails the job after its chunks', async () => {
  const { sent, attempt } = run(async function* () {
    yield 1;
    throw new Error('half way');
  });
  const { outcome, isStream } = await attempt;
  expect(outcome.status === 'FAILED' && JSON.parse(outcome.error).error_message).toBe('half way');
  expect(isStream).toBe(true);
  expect(sent).toEqual(['chunk 1']);
});

test('a stopped generator ends at its next value and cleans up', async () => {
  const stop = new AbortController();
  let isCleanedUp = false;
  const { sent, attempt } = run(
    function* () {
      try {
        yield 1;
        stop.abort();
        yield 2;
        yield 3;
      } finally {
        isCleanedUp = true;
      }
    },
    { signal: stop.signal },
  );
  expect((await attempt).outcome).toEqual({ status: 'STOPPED' });
  expect(sent).toEqual(['chunk 1']);
  expect(isCleanedUp).toBe(true);
});

test('a stopped job has no result, whether its handler returns or throws', async () => {
  for (const end of [() => 'too late', () => Promise.reject(new Error('aborted'))]) {
    const stop = new AbortController();
    const { sent, attempt } = run(
      (_job, context) => {
        stop.abort();
        context.progress('unheard');
        return end();
      },
      { signal: stop.signal },
    );
    expect((await attempt).outcome).toEqual({ status: 'STOPPED' });
    expect(sent).toEqual([]);
  }
});

test('an output that is no JSON fails the job with a sentence', async () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const { attempt } = run(() => loop);
  expect((await attempt).outcome).toEqual({
    status: 'FAILED',
    error: 'The output can\'t be written as JSON: "self" contains itself.',
    failure: { type: 'OUTPUT_INVALID', isRetryable: false },
  });
});

test('a chunk that is no JSON is named by its number', async () => {
  const { attempt } = run(function* () {
    yield 1;
    yield 2n;
  });
  expect((await attempt).outcome).toMatchObject({
    status: 'FAILED',
    error: expect.stringContaining('The chunk 1 can'),
  });
});

test('a fresh worker can be asked for by the context or by the output', async () => {
  const byContext = run((_job, context) => context.refreshWorker());
  const byOutput = run(() => ({ refresh_worker: true }));
  const byStream = run(function* (_job, context) {
    context.refreshWorker();
    yield 1;
  });
  for (const { attempt } of [byContext, byOutput, byStream]) {
    expect((await attempt).isRefreshAsked).toBe(true);
  }
});
