import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PodServer, startPodServer } from '../src/pod/pod-server.ts';
import type { PodSettings } from '../src/pod/pod-settings.ts';
import type { WorkerInstance } from '../src/worker-instance.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const PHOTO = readFileSync(
  path.join(import.meta.dirname, '../../../examples/defects/photos/beam-crack-spalling.jpg'),
);

let pod: PodServer;
let held: PromiseWithResolvers<void>;
let aborted: unknown[];
let errors: string[];

const worker: WorkerInstance = {
  concurrency: 1,
  handler: async ({ input }, { signal }) => {
    if (input.fail) throw new Error('the inside of it');
    if (input.hold) {
      signal.addEventListener('abort', () => aborted.push(signal.reason));
      await Promise.race([held.promise, once(signal, 'abort')]);
    }
    return { echo: input };
  },
  info: () => ({
    worker: 'echo',
    models: [],
    engine: { provider: 'cpu', threads: 1, eventLoopLagMs: { p99: 0, max: 0 } },
    settings: {},
  }),
  routes: [
    { method: 'POST', path: '/small', maxBodyBytes: 10, handle: async ({ body }) => ({ body: body.length }) },
  ],
  stop: async () => {},
};

async function start(settings: Partial<PodSettings> = {}): Promise<void> {
  let calls = 0;
  pod = await startPodServer({
    name: 'echo',
    settings: { host: '127.0.0.1', port: 0, apiKey: undefined, ...settings },
    newId: () => `call-${++calls}`,
    onError: (error, id) => errors.push(`${id}: ${String(error)}`),
  });
}

beforeEach(async () => {
  held = Promise.withResolvers();
  aborted = [];
  errors = [];
  await start();
});
afterEach(async () => {
  held.resolve();
  await pod.stop();
});

const call = (url: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(
    `${pod.url}${url}`,
    body === undefined ? { headers } : { method: 'POST', body: JSON.stringify(body), headers },
  );

describe('a worker that serves HTTP itself', () => {
  test('says that it is loading, and then that it is healthy', async () => {
    expect((await call('/health')).status).toBe(503);
    expect(await (await call('/health')).json()).toMatchObject({ status: 'loading', pipeline_loaded: false });
    expect((await call('/ping')).status).toBe(204);
    const early = await call('/runsync', { input: {} });
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await (await call('/info')).json()).toMatchObject({
      worker: 'echo',
      status: 'loading',
      models: [],
    });
    expect((await call('/nope')).status).toBe(503);
    pod.ready(worker);
    expect(await (await call('/health')).json()).toEqual({
      status: 'healthy',
      pipeline_loaded: true,
      worker: 'echo',
    });
    expect((await call('/ping')).status).toBe(200);
    expect(await (await call('/info')).json()).toMatchObject({
      ...{ worker: 'echo', status: 'ready', concurrency: 1, running: 0 },
    });
  });

  test('keeps an exception of its handler to its log, on the contract of its jobs too', async () => {
    pod.ready(worker);
    const reply = await call('/runsync', { input: { fail: true } });
    expect([reply.status, await reply.text()]).toEqual([
      500,
      expect.not.stringContaining('the inside of it'),
    ]);
    expect(errors).toEqual([expect.stringContaining('the inside of it')]);
  });

  test('answers the contract of its jobs', async () => {
    pod.ready(worker);
    expect(await (await call('/runsync', { input: { a: 1 } })).json()).toMatchObject({
      status: 'COMPLETED',
      output: { echo: { a: 1 } },
    });
  });

  test.each([
    ['/nope', {}, 404, 'NOT_FOUND'],
    ['/runsync', undefined, 405, 'METHOD_NOT_ALLOWED'],
    ['/runsync', [1], 400, 'INPUT_INVALID'],
    ['/runsync', {}, 400, 'INPUT_INVALID'],
    ['/small', 'more than ten bytes', 413, 'PAYLOAD_TOO_LARGE'],
  ])('refuses %s with %j', async (url, body, status, code) => {
    pod.ready(worker);
    const reply = await call(url, body);
    expect(reply.status).toBe(status);
    const { error, detail } = (await reply.json()) as {
      error: { code: string; message: string };
      detail: string;
    };
    expect(error.code).toBe(code);
    expect(detail).toBe(error.message);
  });

  test('wants its key, where it has one, for all but health and ping', async () => {
    await pod.stop();
    await start({ apiKey: 'k' });
    pod.ready(worker);
    expect((await call('/health')).status).toBe(200);
    expect((await call('/ping')).status).toBe(200);
    expect((await call('/info')).status).toBe(401);
    expect((await call('/runsync', { input: {} }, { authorization: 'Bearer x' })).status).toBe(401);
    expect((await call('/runsync', { input: {} }, { authorization: 'Bearer k' })).status).toBe(200);
  });

  test('tells nobody what failed inside, but its log', async () => {
    pod.ready({
      ...worker,
      routes: [
        { method: 'POST', path: '/bad', maxBodyBytes: 9, handle: () => Promise.reject(new Error('secret')) },
      ],
    });
    const reply = await call('/bad', 1);
    expect([reply.status, await reply.text()]).toEqual([500, expect.not.stringContaining('secret')]);
    expect(errors).toEqual([expect.stringMatching(/^call-\d+: Error: secret$/)]);
  });

  test('stops the work of a client that hangs up, and takes other calls', async () => {
    pod.ready(worker);
    const gone = new AbortController();
    const left = fetch(`${pod.url}/runsync`, {
      method: 'POST',
      body: '{"input":{"hold":true}}',
      signal: gone.signal,
    });
    await expect
      .poll(async () => ((await (await call('/info')).json()) as { running: number }).running)
      .toBe(1);
    gone.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => aborted.length).toBe(1);
    expect((await call('/runsync', { input: {} })).status).toBe(200);
  });

  test('answers what runs before it stops, and refuses what comes then', async () => {
    pod.ready(worker);
    const running = call('/runsync', { input: { hold: true } });
    await expect
      .poll(async () => ((await (await call('/info')).json()) as { running: number }).running)
      .toBe(1);
    const stopped = pod.stop();
    held.resolve();
    expect((await running).status).toBe(200);
    await stopped;
    await expect(call('/health')).rejects.toThrow();
  });

  test('is full at some point, and says so', async () => {
    pod.ready(worker);
    let refused = 0;
    const calls = Array.from({ length: 20 }, async () => {
      const { status, headers } = await call('/runsync', { input: { hold: true } });
      if (status === 503) refused += 1;
      return [status, headers.get('retry-after')];
    });
    await expect.poll(() => refused).toBe(4);
    held.resolve();
    const answers = await Promise.all(calls);
    expect(answers.filter(([status]) => status === 200)).toHaveLength(16);
    expect(answers.filter(([status]) => status === 503)).toEqual(Array.from({ length: 4 }, () => [503, '1']));
  });

  test('is not held up by a body that stops in the middle', async () => {
    pod.ready(worker);
    const { port } = new URL(pod.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('POST /runsync HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"inp');
    expect((await call('/runsync', { input: {} })).status).toBe(200);
    socket.destroy();
  });
});

test('a worker lives on when whoever read its log has left', async () => {
  const env = { ...process.env, RUNPOD_SERVERLESS: 'false', API_PORT: '0', EMBEDDING_AUTH: 'off' };
  const child = spawn(process.execPath, [MAIN, 'clip'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit');
  const [line] = (await once(child.stderr, 'data')) as [Buffer];
  const url = /http:\/\/[\d.:]+/.exec(String(line))?.[0] ?? '';
  child.stderr.destroy();
  // Once its models are loaded it says so, to nobody.
  await expect.poll(async () => (await fetch(`${url}/ping`)).status).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  child.kill('SIGTERM');
  expect((await exit)[0]).toBe(0);
});

test('the detect worker serves its routes, and ends when it is asked to', async () => {
  const env = { ...process.env, DETECTOR_VARIANT: 'nano', RUNPOD_SERVERLESS: 'false', API_PORT: '0' };
  const child = spawn(process.execPath, [MAIN, 'detect'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit');
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  await expect.poll(() => told).toContain('detect is ready');
  const url = /http:\/\/[\d.:]+/.exec(told)?.[0] ?? '';
  const image = PHOTO.toString('base64');
  const post = async (route: string, body: unknown) => {
    const reply = await fetch(`${url}${route}`, { method: 'POST', body: JSON.stringify(body) });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const one = await post('/detect', { image, frame_id: 'f', include_masks: false });
  expect(one).toMatchObject({
    status: 200,
    body: { frame_id: 'f', image_size: { width: 1280, height: 960 } },
  });
  const batch = await post('/detect/batch', { images: [image, '!!', image], frame_ids: ['a', 'b', 'c'] });
  expect(batch.body).toMatchObject({
    count: 3,
    results: [{ frame_id: 'a' }, { error: { code: 'INPUT_INVALID' } }, { frame_id: 'c' }],
  });
  expect(await post('/detect/batch', { images: [image], frame_ids: [] })).toMatchObject({
    status: 400,
    body: { detail: 'frame_ids: expected a list of 1, one for each picture.' },
  });
  expect((await post('/detect', { image: 3 })).status).toBe(400);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test.each([
  [{ RUNPOD_SERVERLESS: 'maybe' }, /^RUNPOD_SERVERLESS: expected true, 1, false or 0/],
  [{ RUNPOD_SERVERLESS: 'false', API_PORT: 'x' }, /API_PORT: expected a port from 0 to 65535/],
  [{ RUNPOD_SERVERLESS: 'false', API_PORT: '0', DETECTOR_VARIANT: 'large' }, /no RF-DETR weights/],
])('with %j it says why it does not start', async (env, message) => {
  const child = spawn(process.execPath, [MAIN, 'detect'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  // With all that it said.
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(told).toMatch(message);
  expect(told).not.toContain('    at ');
});
