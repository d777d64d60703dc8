import { type Handler, JobError, type WorkerOptions } from '@spillway/sdk/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type InProcessWorker, startInProcessWorker } from './in-process-worker.ts';
import { startWorkerServer, type WorkerServer } from './worker-server.ts';

// A worker takes jobs from a server that speaks RunPod's protocol, runs them and reports.

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

function start(options: WorkerOptions | Handler, env?: Record<string, string>): InProcessWorker {
  worker = startInProcessWorker(server, typeof options === 'function' ? { handler: options } : options, env);
  return worker;
}

test('a job is taken, run and reported, with the key sent raw', async () => {
  start((job) => ({ doubled: Number(job.input.n) * 2, extra: job.batchId }));
  server.offer({ id: 'j1', input: { n: 21 }, batchId: 'b7' });
  const { seen, body } = await server.waitForDone('j1');
  expect(body).toEqual({ output: { doubled: 42, extra: 'b7' } });
  expect(seen.headers.authorization).toBe('worker-key');
  expect(seen.headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(seen.query.get('isStream')).toBe('false');
  expect(seen.query.has('attempt')).toBe(false);
  const take = await server.waitFor('job-take');
  expect(take).toMatchObject({ worker: 'w1', method: 'GET' });
  expect(take.query.get('job_in_progress')).toBe('0');
});

test('our own marker tells the attempt, comes back with the report and stays hidden from the handler', async () => {
  start((job, context) => ({ attempt: context.attempt, keys: Object.keys(job) }));
  server.offer({ id: 'j1', input: {}, _spillway: { attempt: 2 } });
  const { seen, body } = await server.waitForDone('j1');
  expect(body).toEqual({ output: { attempt: 2, keys: ['id', 'input'] } });
  expect(seen.query.get('attempt')).toBe('2');
  expect(seen.headers['content-type']).toBe('application/json');
});

test('several jobs run at once, taken in one batch, and no more than the places', async () => {
  let runningNow = 0;
  let most = 0;
  const full = Promise.withResolvers<void>();
  start({
    concurrency: 3,
    handler: async (job) => {
      runningNow += 1;
      most = Math.max(most, runningNow);
      if (runningNow === 3) full.resolve();
      await full.promise;
      runningNow -= 1;
      return job.id;
    },
  });
  const poll = await server.waitFor('job-take-batch');
  expect(poll.query.get('batch_size')).toBe('3');
  server.offer(...['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, input: {} })));
  for (const id of ['a', 'b', 'c', 'd', 'e']) expect((await server.waitForDone(id)).body.output).toBe(id);
  expect(most).toBe(3);
});

test('what a handler throws fails the job: a sentence for the client, JSON for the unexpected', async () => {
  start((job) => {
    if (job.id === 'wrong') throw JobError.invalidInput('image: expected base64 text');
    throw new TypeError('x is undefined');
  });
  server.offer({ id: 'wrong', input: {} }, { id: 'broken', input: {}, _spillway: { attempt: 1 } });
  expect((await server.waitForDone('wrong')).body).toEqual({ error: 'image: expected base64 text' });
  const { body } = await server.waitForDone('broken');
  expect(JSON.parse(String(body.error))).toMatchObject({
    error_type: 'TypeError',
    error_message: 'x is undefined',
    error_traceback: expect.stringContaining('worker-jobs.int.test.ts'),
    hostname: 'box',
    worker_id: 'w1',
  });
  expect(body.failure).toEqual({ type: 'HANDLER_ERROR' });
});

test('a returned error fails the job and keeps the rest as output', async () => {
  start(() => ({ error: 'no face found', error_code: 4 }));
  server.offer({ id: 'j1', input: {} });
  expect((await server.waitForDone('j1')).body).toEqual({
    output: { error_code: 4 },
    error: 'no face found',
  });
});

test('an output that is no JSON fails its job, and the worker lives on', async () => {
  start((job) => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    return job.id === 'bad' ? loop : 'fine';
  });
  server.offer({ id: 'bad', input: {} }, { id: 'good', input: {} });
  expect((await server.waitForDone('bad')).body).toEqual({
    error: 'The output can\'t be written as JSON: "self" contains itself.',
  });
  expect((await server.waitForDone('good')).body).toEqual({ output: 'fine' });
});

test('a job without an input object is reported, not dropped in silence', async () => {
  start((job) => job.input);
  server.offer({ id: 'list', input: [1] }, { id: 'none' });
  expect((await server.waitForDone('list')).body).toEqual({ error: 'input: expected a JSON object.' });
  expect((await server.waitForDone('none')).body).toEqual({ output: {} });
});

test('chunks arrive in order while the server is slow, and the end says that it was a stream', async () => {
  const made: number[] = [];
  start(async function* () {
    for (let i = 0; i < 5; i += 1) {
      made.push(i);
      yield { i };
    }
  });
  const slow = Promise.withResolvers<void>();
  server.trouble('job-stream', slow.promise);
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-stream');
  expect(made).toEqual([0]);
  slow.resolve();
  const { seen, body } = await server.waitForDone('j1');
  expect(body).toEqual({ output: [] });
  expect(seen.query.get('isStream')).toBe('true');
  const chunks = server.seen.filter((request) => request.route === 'job-stream');
  expect(chunks.map((chunk) => (chunk.body as { output: unknown }).output)).toEqual(
    [0, 1, 2, 3, 4].map((i) => ({ i })),
  );
});

test('progress keeps its order, is thinned by a slow server, and never comes after the result', async () => {
  const finish = Promise.withResolvers<void>();
  start(async (_job, context) => {
    for (let i = 1; i <= 50; i += 1) context.progress(i);
    await finish.promise;
    context.progress(51);
    return 'done';
  });
  const slow = Promise.withResolvers<void>();
  server.trouble('job-done', slow.promise);
  server.offer({ id: 'j1', input: {} });
  await server.waitFor('job-done');
  finish.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  slow.resolve();
  await server.waitForDone('j1');
  const outputs = server.seen
    .filter((request) => request.route === 'job-done')
    .map((request) => (request.body as { output: unknown }).output);
  expect(outputs).toEqual([1, 51, 'done']);
});

test('a result survives an overloaded server, a full one and a cut connection', async () => {
  start(() => 'precious');
  server.trouble('job-done', 503, 'drop', 429, 500);
  server.offer({ id: 'j1', input: {} });
  expect((await server.waitForDone('j1')).body).toEqual({ output: 'precious' });
  const answers = server.seen.filter(({ route }) => route === 'job-done').map((one) => one.answer);
  expect(answers).toEqual([503, 'dropped', 429, 500, 200]);
});

test('an output that the server refuses as too large becomes a failure', async () => {
  start(() => 'large');
  server.trouble('job-done', 413);
  server.offer({ id: 'j1', input: {} });
  expect((await server.waitForDone('j1')).body.error).toContain(
    'refused the output of 7 characters (HTTP 413',
  );
});

test('a worker outlives a server that fails, limits and cuts its polls', async () => {
  start(() => 'ok');
  server.trouble('job-take', 500, 'drop', 429, 400, 204, 404);
  server.offer({ id: 'j1', input: {} });
  expect((await server.waitForDone('j1')).body).toEqual({ output: 'ok' });
});

test('heartbeats name the jobs that run, and come without them when idle', async () => {
  const end = Promise.withResolvers<void>();
  start({ concurrency: 2, handler: () => end.promise }, { RUNPOD_PING_INTERVAL: '5' });
  const idle = await server.waitFor('ping');
  expect(idle.query.has('job_id')).toBe(false);
  expect(idle.query.get('spillway_version')).toMatch(/^\d+\.\d+\.\d+$/);
  expect(idle.headers.authorization).toBe('worker-key');
  server.offer({ id: 'a', input: {} }, { id: 'b', input: {} });
  await server.waitFor('ping', (ping) => ping.query.get('job_id') === 'a,b');
  end.resolve();
  await server.waitForDone('a');
  await server.waitForDone('b');
});
