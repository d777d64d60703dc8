import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type LbGateway, rawCall, startLbGateway, until } from './lb-gateway.ts';

// What passes through to a worker that serves HTTP itself, and back: everything, untouched, as it comes.
let lb: LbGateway;
beforeAll(async () => {
  lb = await startLbGateway(
    [
      'host: web.example.test',
      'payloadLimit: 1m',
      'scaling: { type: REQUEST_COUNT, requestCount: 20 }',
      'workers: { max: 1, idleTimeout: 60s }',
    ],
    `  jobs:\n    command: ["true"]\n`,
  );
});
afterAll(() => lb.stop());

const authorization = `Bearer ${ADMIN_KEY}`;
type Seen = { method: string; url: string; rawHeaders: string[] };

test('method, path, query and headers reach the worker as they were sent', async () => {
  const { text } = await rawCall(lb.url, {
    method: 'PROPFIND',
    path: '/lb/web//a%2Fb/../%zz?x=1&&y=%20',
    headers: { authorization, 'X-CamelCase': 'kept', Cookie: 'a=b', 'Content-Type': 'no/such;;type' },
  });
  const seen = JSON.parse(text) as Seen;
  expect(seen).toMatchObject({ method: 'PROPFIND', url: '//a%2Fb/../%zz?x=1&&y=%20' });
  expect(seen.rawHeaders).toContain('X-CamelCase');
  expect(seen.rawHeaders).toEqual(expect.arrayContaining(['Cookie', 'a=b', 'no/such;;type']));
});

test("the gateway's key, hop-by-hop headers and what Connection names stay behind; the client is told of", async () => {
  const { text } = await rawCall(lb.url, {
    path: '/lb/web/see',
    headers: {
      authorization,
      connection: 'close, x-private',
      'x-private': 'for the gateway only',
      te: 'trailers',
      'x-forwarded-for': '203.0.113.7',
    },
  });
  const { rawHeaders } = JSON.parse(text) as Seen;
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  for (const name of ['authorization', 'x-private', 'te', 'transfer-encoding'])
    expect(names).not.toContain(name);
  const value = (name: string) => rawHeaders[names.indexOf(name) * 2 + 1];
  const host = new URL(lb.url).host;
  expect(value('x-forwarded-for')).toBe('203.0.113.7, 127.0.0.1');
  expect(value('x-forwarded-host')).toBe(host);
  expect(value('x-forwarded-proto')).toBe('http');
  expect(value('x-forwarded-prefix')).toBe('/lb/web');
  expect(value('host')).toBe(host);
});

test("the worker's status line and headers come back, without what was for one connection only", async () => {
  const reply = await rawCall(lb.url, { path: '/lb/web/see', headers: { authorization } });
  expect(reply.status).toBe(207);
  expect(reply.rawHeaders.join('|')).toContain('X-Odd-Case|kept|Set-Cookie|a=1|Set-Cookie|b=2');
  expect(reply.rawHeaders.join('|')).not.toMatch(/X-Hop|timeout=5/);
  const who = await lb.call('/lb/web/who');
  expect(who.headers.get('x-runpod-worker-id')).toBe(await who.text());
});

test('under its own host name the endpoint is served whole, the paths of the gateway too', async () => {
  const ask = (path: string, headers: Record<string, string> = { authorization }) =>
    rawCall(lb.url, { path, headers: { host: 'Web.example.test:8080', ...headers } });
  const seen = JSON.parse((await ask('/v2/web/run?a')).text) as Seen;
  expect(seen.url).toBe('/v2/web/run?a');
  expect(seen.rawHeaders).toEqual(expect.arrayContaining(['Host', 'Web.example.test:8080']));
  expect(seen.rawHeaders.map((text) => text.toLowerCase())).not.toContain('x-forwarded-prefix');
  expect((await ask('/livez', {})).status).toBe(401);
});

test.each([
  ['/inner?x', '/lb/web/inner?x'],
  ['https://elsewhere.example/inner', 'https://elsewhere.example/inner'],
  ['relative', 'relative'],
])('a redirect to %s leads to %s', async (to, location) => {
  const reply = await lb.call(`/lb/web/redirect?to=${encodeURIComponent(to)}`);
  expect(reply.status).toBe(307);
  expect(reply.headers.get('location')).toBe(location);
});

test('a large upload arrives byte for byte, with and without a declared length', async () => {
  const body = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at * 31) % 251));
  const sha256 = createHash('sha256').update(body).digest('hex');
  const sized = await lb.call('/lb/web/count', { method: 'POST', body });
  expect(await sized.json()).toEqual({ bytes: body.length, sha256 });
  const stream = new Blob([body]).stream();
  const chunked = await lb.call('/lb/web/count', { method: 'PUT', body: stream, duplex: 'half' });
  expect(await chunked.json()).toEqual({ bytes: body.length, sha256 });
});

test('bodies flow both ways at once: the answer to the first part is there before the second is sent', async () => {
  const { hostname, port } = new URL(lb.url);
  const request = http.request({
    hostname,
    port,
    method: 'POST',
    path: '/lb/web/echo',
    headers: { authorization },
  });
  request.write('one');
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const parts: string[] = [];
  for await (const part of response.setEncoding('utf8')) {
    parts.push(part);
    if (parts.length === 1) request.end('two');
  }
  expect(parts).toEqual(['one', 'two']);
});

test('server-sent events arrive one by one, and a client that leaves ends the stream in the worker', async () => {
  const leave = new AbortController();
  const reply = await lb.call('/lb/web/events', { signal: leave.signal });
  expect(reply.headers.get('content-type')).toBe('text/event-stream');
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('data: 3\n\n')) text += (await reader?.read())?.value ?? '';
  expect((await lb.health()).jobs.inProgress).toBe(1);
  leave.abort();
  await until(async () => (await lb.health()).jobs.inProgress === 0);
});

test('a client that leaves before the answer is told to the worker', async () => {
  const before = Number(await (await lb.call('/lb/web/aborted')).text());
  const leave = new AbortController();
  const asked = lb.call(`/lb/web/hold?until=${lb.folder}/never`, { signal: leave.signal });
  await until(async () => (await lb.health()).jobs.inProgress === 1);
  leave.abort();
  await expect(asked).rejects.toThrow();
  await until(async () => Number(await (await lb.call('/lb/web/aborted')).text()) === before + 1);
  expect((await lb.health()).jobs.inProgress).toBe(0);
});

test('a HEAD request has headers and no body', async () => {
  const reply = await lb.call('/lb/web/bytes?n=5000000&declared=true', { method: 'HEAD' });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-length')).toBe('5000000');
});

test('too large a request is refused, declared or not, and the connection lives on', async () => {
  const body = Buffer.alloc(1024 * 1024 + 1);
  for (const init of [{ body }, { body: new Blob([body]).stream(), duplex: 'half' as const }]) {
    const reply = await lb.call('/lb/web/count', { method: 'POST', ...init });
    expect(reply.status).toBe(413);
    expect(await reply.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', status: 413 });
  }
  expect((await lb.call('/lb/web/who')).status).toBe(200);
});

test('too large an answer is an error when its size is known, and cut off when it is not', async () => {
  const declared = await lb.call('/lb/web/bytes?n=2000000&declared=true');
  expect(declared.status).toBe(502);
  expect(await declared.json()).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  const chunked = await lb.call('/lb/web/bytes?n=2000000');
  expect(chunked.status).toBe(200);
  await expect(chunked.arrayBuffer()).rejects.toThrow();
  await until(async () => (await lb.health()).jobs.inProgress === 0);
});

test("a worker's answer that comes before it has read the request reaches the client", async () => {
  const reply = await lb.call('/lb/web/early-no', { method: 'POST', body: Buffer.alloc(900_000) });
  expect(reply.status).toBe(418);
  expect(await reply.text()).toBe('no need to read all that');
});

test('nobody gets in without a key of the right scope and endpoint', async () => {
  const make = async (scope: string, endpoints?: string[]) => {
    const body = JSON.stringify({ name: 'k', scope, ...(endpoints ? { endpoints } : {}) });
    const headers = { 'content-type': 'application/json' };
    const reply = await lb.call('/v1/keys', { method: 'POST', body, headers });
    return ((await reply.json()) as { key: string }).key;
  };
  const status = async (key?: string) =>
    (await fetch(`${lb.url}/lb/web/who`, { headers: key === undefined ? {} : { authorization: key } }))
      .status;
  expect(await status()).toBe(401);
  expect(await status('spk_wrong')).toBe(401);
  expect(await status(await make('client'))).toBe(200);
  expect(await status(await make('client', ['web']))).toBe(200);
  expect(await status(await make('client', ['jobs']))).toBe(404);
  expect(await status(await make('viewer'))).toBe(403);
});

test.each(['/v2/web/run', '/v2/web/runsync', '/v2/web/status/x', '/v2/web/cancel/x', '/v2/web/purge-queue'])(
  '%s is no operation of an endpoint without a queue',
  async (path) => {
    const reply = await lb.call(path, { method: 'POST', body: '{"input":{}}' });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({
      error: 'not allowed for LB API',
      code: 'LOAD_BALANCER_ENDPOINT',
    });
  },
);

test('nor does the native API take jobs for it, or a rule of scaling that needs a queue', async () => {
  const headers = { 'content-type': 'application/json' };
  const json = async (method: string, path: string, value: unknown) => {
    const reply = await lb.call(path, { method, headers, body: JSON.stringify(value) });
    return (await reply.json()) as { code?: string; detail?: string };
  };
  const submitted = await json('POST', '/v1/jobs', { endpoint: 'web', input: {} });
  expect(submitted.code).toBe('LOAD_BALANCER_ENDPOINT');
  const changed = await json('PATCH', '/v1/endpoints/web', {
    scaling: { type: 'QUEUE_DELAY', queueDelayMs: 4000 },
  });
  expect(changed.detail).toContain('scaling.type: expected REQUEST_COUNT');
  const view = await (await lb.call('/v1/endpoints/web')).json();
  expect(view).toMatchObject({ type: 'LOAD_BALANCER', workers: { ready: 1 }, jobs: { inQueue: 0 } });
  const metrics = (await (await lb.call('/v2/web/metrics')).json()) as { readyWorkers: string[] };
  expect(metrics.readyWorkers).toEqual([(await lb.call('/lb/web/who')).headers.get('x-runpod-worker-id')]);
});

test('an endpoint with a queue has no paths of its own, and an unknown one none at all', async () => {
  const queue = await lb.call('/lb/jobs/anything');
  expect(queue.status).toBe(400);
  expect(await queue.json()).toMatchObject({ error: 'not allowed for QB API', code: 'QUEUE_ENDPOINT' });
  expect((await lb.call('/lb/nothing/x')).status).toBe(404);
  expect((await lb.call('/lb/')).status).toBe(404);
});

test('the worker is told its port and who it is, and nothing about jobs', async () => {
  const env = (await (await lb.call('/lb/web/env')).json()) as Record<string, string>;
  expect(env).toMatchObject({ HEALTH_CHECK_PATH: '/ping', HOST: '127.0.0.1', RUNPOD_ENDPOINT_ID: 'web' });
  expect(env.PORT).toBe(env.PORT_HEALTH);
  expect(env.RUNPOD_WEBHOOK_GET_JOB).toBeUndefined();
  expect(JSON.stringify(env)).not.toMatch(/spw_|spk_/);
});
