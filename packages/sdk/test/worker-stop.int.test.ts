import type { Handler, WorkerOptions } from '@spillway/sdk/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type InProcessWorker, startInProcessWorker } from './in-process-worker.ts';
import { startWorkerServer, type WorkerServer } from './worker-server.ts';

// How work ends early: a job is cancelled, a worker is told to stop, or asks for a fresh process.

let server: WorkerServer;
let worker: InProcessWorker | undefined;

beforeEach(async () => {
  server = await startWorkerServer();
});

afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await server.close();
});

function start(options: WorkerOptions | Handler): InProcessWorker {
  worker = startInProcessWorker(server, typeof options === 'function' ? { handler: options } : options);
  return worker;
}

const doneReports = (jobId: string) =>
  server.seen.filter(({ route, job }) => route === 'job-done' && job === jobId);

/** Waits until the job is stopped, as a well-behaved handler does. */
const untilStopped: Handler = (_job, context) =>
  new Promise((_resolve, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true });
  });

test('a cancelled job is aborted, reports nothing, and its place is free again', async () => {
  start((job, context) => (job.id === 'cancelled' ? untilStopped(job, context) : 'next'));
  server.offer({ id: 'cancelled', input: {} });
  await server.waitFor('job-stop');
  server.stopJob('cancelled');
  server.offer({ id: 'next', input: {} });
  expect((await server.waitForDone('next')).body).toEqual({ output: 'next' });
  expect(doneReports('cancelled')).toEqual([]);
});

test('a handler that ignores its cancellation keeps its place until it ends, and its result is dropped', async () => {
  const end = Promise.withResolvers<string>();
  const { log } = start((job) => (job.id === 'deaf' ? end.promise : 'next'));
  server.offer({ id: 'deaf', input: {} });
  await server.waitFor('job-stop');
  server.stopJob('deaf');
  server.offer({ id: 'next', input: {} });
  // The stop loop asks again: the stop was handled.
  await server.waitFor('job-stop', (seen) => seen !== server.seen.find(({ route }) => route === 'job-stop'));
  await server.waitForPolls('job-take', 0);
  end.resolve('too late');
  await server.waitForDone('next');
  expect(doneReports('deaf')).toEqual([]);
  expect(log.map((line) => JSON.parse(line).message)).toContain('stopped; nothing is reported');
});

test('a cancelled generator ends at its next value', async () => {
  const stopped = Promise.withResolvers<void>();
  let isCleanedUp = false;
  start(async function* (_job, context) {
    context.signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    try {
      yield 1;
      await stopped.promise;
      yield 2;
    } finally {
      isCleanedUp = true;
    }
  });
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-stream');
  await server.waitFor('job-stop');
  server.stopJob('j1');
  server.offer({ id: 'j2', input: {} });
  await server.waitFor('job-stream', ({ job }) => job === 'j2');
  expect(isCleanedUp).toBe(true);
  expect(doneReports('j1')).toEqual([]);
  server.stopJob('j2');
});

test('SIGTERM gives up the poll at once, lets the running job finish and ends with 0', async () => {
  const end = Promise.withResolvers<string>();
  const one = start({ concurrency: 2, handler: () => end.promise });
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-take', ({ query }) => query.get('job_in_progress') === '1');
  one.kill('SIGTERM');
  const stopping = await server.waitFor('ping', ({ query }) => query.get('stopping') === '1');
  expect(stopping.query.get('job_id')).toBe('j1');
  await server.waitForPolls('job-take', 0);
  expect(one.exits).toEqual([]);
  end.resolve('finished');
  expect(await one.done).toBe(0);
  expect((await server.waitForDone('j1')).body).toEqual({ output: 'finished' });
  const goodbye = server.seen.filter(({ route }) => route === 'ping').at(-1);
  expect([goodbye?.query.get('stopping'), goodbye?.query.get('job_id')]).toEqual(['1', null]);
});

test('a result is still retried while the worker ends', async () => {
  const end = Promise.withResolvers<string>();
  const one = start(() => end.promise);
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-stop');
  server.trouble('job-done', 503, 'drop');
  one.kill('SIGTERM');
  end.resolve('late but safe');
  expect(await one.done).toBe(0);
  expect((await server.waitForDone('j1')).body).toEqual({ output: 'late but safe' });
});

test('a running job can still be cancelled while the worker ends', async () => {
  const one = start(untilStopped);
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-stop');
  one.kill('SIGINT');
  server.stopJob('j1');
  expect(await one.done).toBe(0);
  expect(doneReports('j1')).toEqual([]);
});

test('a second signal ends the process at once', async () => {
  const end = Promise.withResolvers<void>();
  const one = start(() => end.promise);
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-stop');
  one.kill('SIGTERM');
  one.kill('SIGTERM');
  expect(one.exits).toEqual([143]);
  end.resolve();
  await one.done;
});

test('an idle worker ends at once', async () => {
  const one = start(() => 'never');
  await server.waitFor('job-take');
  expect(await one.stop()).toBe(0);
  expect(one.exits).toEqual([0]);
});

test('refreshWorker ends the worker after the job, and the report says so', async () => {
  const ways: WorkerOptions[] = [
    { handler: () => ({ n: 1 }), refreshWorker: true },
    { handler: () => ({ n: 1, refresh_worker: true }) },
    {
      handler: (_job, context) => {
        context.refreshWorker();
        return { n: 1 };
      },
    },
  ];
  for (const [index, options] of ways.entries()) {
    const one = start(options);
    server.offer({ id: `j${index}`, input: {} });
    expect(await one.done).toBe(0);
    expect((await server.waitForDone(`j${index}`)).body).toEqual({ output: { n: 1 }, stopPod: true });
  }
});

test('a refresh lets the other running jobs finish and takes no more', async () => {
  const end = Promise.withResolvers<string>();
  const one = start({
    concurrency: 2,
    handler: (job) => (job.id === 'fresh' ? { refresh_worker: true } : end.promise),
  });
  server.offer({ id: 'long', input: {} }, { id: 'fresh', input: {} });
  const { body } = await server.waitForDone('fresh');
  expect(body).toEqual({ output: {}, stopPod: true });
  await server.waitFor('ping', ({ query }) => query.get('stopping') === '1');
  await server.waitForPolls('job-take', 0);
  end.resolve('finished');
  expect(await one.done).toBe(0);
  expect((await server.waitForDone('long')).body).toEqual({ output: 'finished' });
});
