import { expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '../clock/manual-clock.ts';
import { ApiError } from './api-error.ts';
import { createClient, type EndpointClient } from './client.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly authorization: string | null;
}

type Answer = { status?: number; body: unknown } | Error;

/** A client whose calls get the given answers in order; the last one is repeated. */
function clientOf(answers: readonly Answer[], clock: ManualClock = createManualClock(), holdMs = 0) {
  const seen: Seen[] = [];
  const fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(String(input));
    seen.push({
      method: init.method ?? 'GET',
      path: url.pathname + url.search,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
      authorization: new Headers(init.headers).get('authorization'),
    });
    const answer = answers[Math.min(seen.length, answers.length) - 1];
    if (holdMs > 0) await clock.sleep(holdMs, init.signal ?? undefined);
    init.signal?.throwIfAborted();
    if (answer instanceof Error) throw answer;
    const { status = 200, body } = answer ?? { body: {} };
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  };
  const repeated: string[] = [];
  const client = createClient({
    ...{ baseUrl: 'http://gw:1/v2/', apiKey: 'key', fetch, clock, random: () => 0 },
    onRetry: ({ message }) => repeated.push(message),
  });
  return { client, endpoint: client.endpoint('my endpoint'), seen, repeated, clock };
}

async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

const queued = { body: { id: 'j1', status: 'IN_QUEUE' } };
const running = (output: unknown) => ({ body: { id: 'j1', status: 'IN_PROGRESS', output } });
const completed = { body: { id: 'j1', status: 'COMPLETED', output: 7 } };
const down = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });

test('a submit carries the input and what goes with it', async () => {
  const { endpoint, seen } = clientOf([queued]);
  const job = await endpoint.run({ a: 1 }, { webhook: 'http://me/hook', policy: { ttl: 60_000 } });
  expect(job).toEqual({ id: 'j1', status: 'IN_QUEUE' });
  expect(seen).toEqual([
    {
      method: 'POST',
      path: '/v2/my%20endpoint/run',
      body: { input: { a: 1 }, webhook: 'http://me/hook', policy: { ttl: 60_000 } },
      authorization: 'Bearer key',
    },
  ]);
});

test('a submit is never repeated by itself', async () => {
  const { endpoint, seen } = clientOf([down, queued]);
  const error = await errorOf(endpoint.run({}));
  expect(error).toMatchObject({ status: 0, code: 'UNREACHABLE' });
  expect(error.message).toContain('no answer from http://gw:1 (connect ECONNREFUSED)');
  expect(seen).toHaveLength(1);
});

test('status, cancel and health go to their routes', async () => {
  const calls: [(endpoint: EndpointClient) => Promise<unknown>, string][] = [
    [(endpoint) => endpoint.status('j/1'), 'GET /v2/my%20endpoint/status/j%2F1'],
    [(endpoint) => endpoint.cancel('j1'), 'POST /v2/my%20endpoint/cancel/j1'],
    [(endpoint) => endpoint.health(), 'GET /v2/my%20endpoint/health'],
  ];
  for (const [call, expected] of calls) {
    const { endpoint, seen } = clientOf([completed]);
    await call(endpoint);
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([expected]);
  }
});

test('runSync asks on where the held request ran out', async () => {
  const { endpoint, seen, clock } = clientOf([running(null), running(null), completed]);
  const job = endpoint.runSync({ a: 1 });
  await clock.advanceToNext();
  expect(await job).toEqual(completed.body);
  expect(seen.map(({ path }) => path.replace('/v2/my%20endpoint', ''))).toEqual([
    '/runsync',
    '/status-sync/j1?wait=60000',
    '/status-sync/j1?wait=60000',
  ]);
});

test('progress is shown once for each change, the end is answered', async () => {
  const { endpoint, seen, clock } = clientOf([
    queued,
    queued,
    running({ percent: 10 }),
    running({ percent: 10 }),
    running({ percent: 90 }),
    completed,
  ]);
  const shown: unknown[] = [];
  const job = endpoint.runSync({}, { onProgress: ({ status, output }) => shown.push([status, output]) });
  for (let i = 0; i < 4; i += 1) expect(await clock.advanceToNext()).toBe(1_000);
  expect(await job).toEqual(completed.body);
  expect(shown).toEqual([
    ['IN_QUEUE', undefined],
    ['IN_PROGRESS', { percent: 10 }],
    ['IN_PROGRESS', { percent: 90 }],
  ]);
  expect(seen[1]?.path).toContain('/status-sync/j1?wait=1000');
});

test('a failed or cancelled job is an answer, not an error', async () => {
  const failed = { id: 'j1', status: 'FAILED', error: 'no' };
  const { endpoint } = clientOf([{ body: failed }]);
  expect(await endpoint.waitForJob('j1')).toEqual(failed);
});

test('waiting outlives a server that is away for a moment, and says why when it stays away', async () => {
  const shortly = clientOf([down, { status: 503, body: {} }, completed]);
  const job = shortly.endpoint.waitForJob('j1');
  expect([await shortly.clock.advanceToNext(), await shortly.clock.advanceToNext()]).toEqual([125, 250]);
  expect(await job).toEqual(completed.body);
  expect(shortly.repeated).toEqual([
    expect.stringContaining('no answer from http://gw:1'),
    expect.stringContaining('HTTP 503'),
  ]);

  const forLong = clientOf([down]);
  const waiting = errorOf(forLong.endpoint.waitForJob('j1'));
  await forLong.clock.advance(60_000);
  expect((await waiting).code).toBe('UNREACHABLE');
  expect(forLong.clock.pending()).toEqual([]);
});

test('how long a server is away counts from when it went, not from when it was asked', async () => {
  const { endpoint, seen, clock } = clientOf([down, completed], createManualClock(), 90_000);
  const job = endpoint.waitForJob('j1');
  await clock.advance(90_000);
  await clock.advance(125);
  await clock.advance(90_000);
  expect(await job).toEqual(completed.body);
  expect(seen).toHaveLength(2);
});

test('waiting can be given up, with the reason that was given', async () => {
  const { endpoint, clock } = clientOf([queued], createManualClock(), 60_000);
  const stop = new AbortController();
  const waiting = endpoint.waitForJob('j1', { signal: stop.signal });
  const outcome = expect(waiting).rejects.toThrow('enough');
  await clock.settle();
  stop.abort(new Error('enough'));
  await outcome;
  expect(clock.pending()).toEqual([]);
});

test('an upload that is given up while its end is not heard asks no further', async () => {
  const url = { method: 'PUT', url: 'http://gw:1/put', headers: {}, expiresAt: 0 };
  const begun = { body: { id: 'a1', upload: url } };
  const { client, clock, seen } = clientOf([begun, { body: url }, { body: '' }, down]);
  const stop = new AbortController();
  const source = { name: 'a.mp4', sizeBytes: 1, slice: () => new Uint8Array(1) };
  const outcome = expect(client.artifacts.upload(source, { signal: stop.signal })).rejects.toThrow('paused');
  await clock.settle();
  expect(seen.at(-1)?.path).toBe('/v1/artifacts/a1/complete');
  const asked = seen.length;
  stop.abort(new Error('paused'));
  await outcome;
  expect(clock.pending()).toEqual([]);
  expect(seen).toHaveLength(asked);
});

test('a stream goes on at its offset through a broken connection and ends with the job', async () => {
  const chunks = (status: string, ...outputs: unknown[]) => ({
    body: { status, stream: outputs.map((output) => ({ output })) },
  });
  const { endpoint, seen, clock } = clientOf([
    chunks('IN_QUEUE'),
    chunks('IN_PROGRESS', 'a', 'b'),
    down,
    chunks('COMPLETED', 'c'),
    chunks('COMPLETED'),
  ]);
  const got: unknown[] = [];
  const reading = (async () => {
    const stream = endpoint.stream('j1', { offset: 5 });
    for (;;) {
      const next = await stream.next();
      if (next.done) return next.value;
      got.push(next.value);
    }
  })();
  await clock.advanceToNext();
  await clock.advanceToNext();
  expect(await reading).toBe('COMPLETED');
  expect(got).toEqual(['a', 'b', 'c']);
  const offsets = seen.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('offset'));
  expect(offsets).toEqual(['5', '5', '7', '7', '8']);
});

test('an error answer keeps status, code, sentence and request id', async () => {
  const body = {
    status: 400,
    title: 'Bad Request',
    detail: 'input: expected an object',
    code: 'INPUT_INVALID',
  };
  const { endpoint } = clientOf([{ status: 400, body: { ...body, error: 'x', requestId: 'r1' } }]);
  const error = await errorOf(endpoint.run({}));
  expect(error).toMatchObject({ status: 400, code: 'INPUT_INVALID', requestId: 'r1' });
  expect(error.message).toBe('HTTP 400 INPUT_INVALID: input: expected an object');
});

test('an error answer without a code, or without JSON, still says what is known', async () => {
  const theirs = clientOf([
    { status: 404, body: { status: 404, title: 'Not Found', detail: 'job not found' } },
  ]);
  expect((await errorOf(theirs.endpoint.status('x'))).message).toBe('HTTP 404 NOT_FOUND: job not found');
  const proxy = clientOf([{ status: 418, body: '<h1>teapot</h1>' }]);
  expect((await errorOf(proxy.endpoint.run({}))).message).toBe('HTTP 418 HTTP_418: <h1>teapot</h1>');
});

test('a 200 that is no job is an error', async () => {
  for (const body of [{ error: 'oops' }, '<html>', '[]']) {
    const { endpoint } = clientOf([{ body }]);
    expect((await errorOf(endpoint.run({}))).code).toBe('BAD_REPLY');
  }
  const { endpoint } = clientOf([{ body: { status: 'COMPLETED' } }]);
  expect((await errorOf(endpoint.stream('j1').next())).code).toBe('BAD_REPLY');
});

test('a base address without /v2 is refused with an example', () => {
  for (const baseUrl of ['http://gw:1', 'gw:1/v2', '']) {
    expect(() => createClient({ baseUrl, apiKey: 'k' })).toThrow('http://127.0.0.1:8080/v2');
  }
});

test('the graphics cards are asked for beside /v2, again while the server is away', async () => {
  const view = { cards: [], readAt: 1, endpoints: [], pools: [] };
  const { client, seen, clock } = clientOf([down, { body: view }]);
  const gpus = client.gpus();
  await clock.advance(60_000);
  expect(await gpus).toEqual(view);
  expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/gpus', 'GET /v1/gpus']);
});
