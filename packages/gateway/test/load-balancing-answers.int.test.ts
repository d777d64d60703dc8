import http from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type LbGateway, rawCall, startLbGateway, until } from './lb-gateway.ts';

// What the gateway adds to the answers of workers that serve HTTP themselves, and what it counts of them.
let lb: LbGateway;
beforeAll(async () => {
  lb = await startLbGateway(['workers: { min: 1, max: 1 }'], 'rateLimits: { lb: 3 }\n');
  await until(async () => (await lb.health()).workers.ready === 1);
});
afterAll(() => lb.stop());

/** A key of scope client of its own, with its limit unspent. */
async function newKey(): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'test', scope: 'client' });
  const reply = await lb.call('/v1/keys', { method: 'POST', headers, body });
  return ((await reply.json()) as { key: string }).key;
}

/** The answer to an upgrade, whether it is one or not. */
async function upgrade(authorization: string, more: Record<string, string> = {}) {
  const { hostname, port } = new URL(lb.url);
  const request = http.get({
    ...{ hostname, port, path: '/lb/web/greet', agent: false },
    headers: {
      ...{ connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
      ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', authorization, ...more },
    },
  });
  return await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on('error', reject);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    request.on('response', (response) => resolve(response.resume()));
  });
}

const counted = async (labels: string) => {
  const text = await (await lb.call('/metrics')).text();
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`spillway_http_request_duration_seconds_count{${labels}`));
  return line === undefined ? 0 : Number(line.split(' ').at(-1));
};

test('a worker’s answer says how the key stands, and names the request as the worker knows it', async () => {
  const authorization = await newKey();
  const { rawHeaders, text } = await rawCall(lb.url, {
    path: '/lb/web/see',
    headers: { authorization, 'X-Request-Id': 'order-7' },
  });
  expect(rawHeaders.join('|')).toContain('x-request-id|order-7');
  expect(rawHeaders.join('|')).toContain('ratelimit-policy|"lb";q=3;w=10|ratelimit|"lb";r=2;t=');
  const seen = JSON.parse(text) as { rawHeaders: string[] };
  expect(seen.rawHeaders.join('|')).toContain('X-Request-Id|order-7');
  const unnamed = await rawCall(lb.url, { path: '/lb/web/see', headers: { authorization } });
  const id = unnamed.rawHeaders[unnamed.rawHeaders.indexOf('x-request-id') + 1] ?? '';
  expect(id).not.toBe('');
  expect((JSON.parse(unnamed.text) as { rawHeaders: string[] }).rawHeaders).toContain(id);
});

test('the answer to a WebSocket’s upgrade has the same headers, and one over the limit is a 429', async () => {
  const authorization = await newKey();
  const opened = await upgrade(authorization, { 'x-request-id': 'socket-1' });
  expect(opened.statusCode).toBe(101);
  expect(opened.headers).toMatchObject({ 'x-request-id': 'socket-1', 'ratelimit-policy': '"lb";q=3;w=10' });
  let refused = opened;
  await until(async () => {
    refused = await upgrade(authorization);
    return refused.statusCode !== 101;
  });
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.headers['x-request-id']).toMatch(/^\S+$/);
  expect(refused.headers.ratelimit).toMatch(/^"lb";r=0;t=\d+$/);
});

test('answers of workers and opened WebSockets are in the metrics of requests, under one route', async () => {
  const plain = 'method="GET",route="/lb/:endpoint",status="207"';
  const socket = 'method="GET",route="/lb/:endpoint",status="101"';
  const before = [await counted(plain), await counted(socket)] as const;
  await (await lb.call('/lb/web/see')).text();
  expect((await upgrade(ADMIN_KEY)).statusCode).toBe(101);
  await until(async () => (await counted(plain)) === before[0] + 1);
  await until(async () => (await counted(socket)) === before[1] + 1);
});
