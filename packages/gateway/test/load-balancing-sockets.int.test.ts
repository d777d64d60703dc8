import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type LbGateway, startLbGateway, until } from './lb-gateway.ts';

// WebSockets through the gateway, spoken by Node's own client and a worker's own server.
let lb: LbGateway;
beforeAll(async () => {
  lb = await startLbGateway([
    'host: web.example.test',
    'workers: { min: 1, max: 1 }',
    'scaling: { type: REQUEST_COUNT, requestCount: 3 }',
    // So long that whoever leaves sooner has left by himself.
    'waitTimeout: 600s',
  ]);
  await until(async () => (await lb.health()).workers.ready === 1);
});
afterAll(() => lb.stop());

const open: WebSocket[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) socket.close();
  await until(async () => (await lb.health()).jobs.inProgress === 0);
});

function connectTo(path: string, protocols: string[] = [], url = lb.url): WebSocket {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, {
    protocols,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  open.push(socket);
  return socket;
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error('the WebSocket was refused'));
  });
}

async function say(socket: WebSocket, text: string): Promise<unknown> {
  const answer = once(socket, 'message');
  socket.send(text);
  return ((await answer)[0] as MessageEvent).data;
}

/** The answer to an upgrade that is refused. */
function refused(
  path: string,
  headers: Record<string, string> = {},
  url = lb.url,
): Promise<http.IncomingMessage & { text?: string }> {
  const { hostname, port } = new URL(url);
  const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const request = http.get({
    ...{ hostname, port, path, agent: false },
    headers: { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
  });
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('upgrade', () => reject(new Error('it was upgraded')));
    request.on('response', async (response) => {
      const text = (await response.setEncoding('utf8').toArray()).join('');
      resolve(Object.assign(response, { text }));
    });
  });
}

const authorization = `Bearer ${ADMIN_KEY}`;

test('messages go both ways, the subprotocol is between client and worker, and it counts as load', async () => {
  const socket = connectTo('/lb/web/ws?room=1', ['chat']);
  await opened(socket);
  expect(socket.protocol).toBe('chat');
  expect(await say(socket, 'one')).toBe('one');
  expect(await say(socket, 'two')).toBe('two');
  expect(await lb.health()).toMatchObject({ jobs: { inProgress: 1 }, workers: { running: 1 } });
  const closed = once(socket, 'close');
  socket.close(1000);
  expect(((await closed)[0] as CloseEvent).code).toBe(1000);
  await until(async () => (await lb.health()).jobs.inProgress === 0);
});

test('what the worker says at once arrives, and it never sees the key', async () => {
  const socket = connectTo('/lb/web/greet');
  const [greeting] = (await once(socket, 'message')) as [MessageEvent];
  expect(greeting.data).toBe('hello nobody');
});

test('the upgrade needs a key, an endpoint without a queue, and the consent of the worker', async () => {
  const keyless = await refused('/lb/web/ws');
  expect(keyless.statusCode).toBe(401);
  expect(JSON.parse(keyless.text ?? '')).toMatchObject({ code: 'UNAUTHORIZED', detail: 'no token provided' });
  expect((await refused('/lb/other/ws', { authorization })).statusCode).toBe(404);
  const no = await refused('/lb/web/refuse', { authorization });
  expect([no.statusCode, no.text]).toEqual([403, 'not today']);
  expect(no.headers['x-runpod-worker-id']).toMatch(/^\w{14}$/);
});

test('an upgrade that goes elsewhere is an ordinary request', async () => {
  expect((await refused('/livez')).statusCode).toBe(200);
  expect((await refused('/v2/web/health', { authorization })).statusCode).toBe(200);
});

test("under the endpoint's own host name every path is a WebSocket's", async () => {
  const reply = await refused('/refuse', { authorization, host: 'web.example.test' });
  expect([reply.statusCode, reply.text]).toEqual([403, 'not today']);
});

test('a WebSocket for a worker that is gone is refused', async () => {
  const gone = await refused('/lb/web/ws', { authorization, 'x-runpod-worker-id': 'strict nobody' });
  expect(gone.statusCode).toBe(404);
});

test('when all workers have their fill of WebSockets one more is refused with the reason', async () => {
  const full = await startLbGateway(['workers: { min: 1, max: 1 }', 'waitTimeout: 300ms']);
  await until(async () => (await full.health()).workers.ready === 1);
  await opened(connectTo('/lb/web/ws', [], full.url));
  const answer = await refused('/lb/web/ws', { authorization }, full.url);
  expect(answer.statusCode).toBe(400);
  expect(JSON.parse(answer.text ?? '')).toMatchObject({ error: 'no workers available' });
  await full.stop();
});

test('a client that hangs up without a word, waiting or connected, takes no place', async () => {
  const { hostname, port } = new URL(lb.url);
  const hello = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nConnection: Upgrade\r\n` +
    'Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
  const raw = connect(Number(port), hostname);
  raw.write(hello('/lb/web/ws'));
  await once(raw, 'data');
  expect((await lb.health()).jobs.inProgress).toBe(1);
  raw.destroy();
  await until(async () => (await lb.health()).jobs.inProgress === 0);

  const sockets = [connectTo('/lb/web/ws'), connectTo('/lb/web/ws'), connectTo('/lb/web/ws')];
  await Promise.all(sockets.map(opened));
  const waiting = connect(Number(port), hostname);
  waiting.write(hello('/lb/web/ws'));
  await until(async () => (await lb.health()).jobs.inQueue === 1);
  waiting.end();
  await until(async () => (await lb.health()).jobs.inQueue === 0);
});

test('a gateway that stops has the worker close its WebSockets', async () => {
  const other = await startLbGateway();
  const socket = new WebSocket(`${other.url.replace('http', 'ws')}/lb/web/ws`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  await opened(socket);
  const closed = once(socket, 'close');
  const stopped = other.stop();
  expect(((await closed)[0] as CloseEvent).code).toBe(1001);
  await stopped;
});
