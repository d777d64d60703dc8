import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../src/http/test-app.ts';
import { createWorkerDoor, type WorkerDoor } from '../src/http/worker-door.ts';

// Requests that never end, on real sockets. What is measured against each other are limits of one server, not speeds.
const ARRIVAL = { timeoutMs: 1_000, checkEveryMs: 50 };
const KEY = 'spk_admin-key-of-the-tests';

let test: TestApp;
let door: WorkerDoor;
let ports: { readonly app: number; readonly door: number };
beforeEach(async () => {
  test = createTestApp({}, { arrival: ARRIVAL });
  door = createWorkerDoor(test.app, ARRIVAL);
  await test.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = test.app.server.address() as AddressInfo;
  ports = { app: port, door: await door.listen({ host: '127.0.0.1', port: 0 }) };
});
afterEach(async () => {
  await door.close();
  expect(await test.stop()).toBe(0);
});

/** Sends this much and no more, and collects what comes back. */
function speak(port: number, text: string) {
  const socket: Socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => {});
  socket.write(text);
  return { socket, closed: once(socket, 'close'), received: () => received };
}

const head = (line: string, ...more: string[]) =>
  [`${line} HTTP/1.1`, 'Host: gw', `Authorization: ${KEY}`, ...more, '', ''].join('\r\n');

describe.each(['app', 'door'] as const)('at the %s', (side) => {
  it('a body that never ends is answered 408, and its connection closed', async () => {
    const { closed, received } = speak(
      ports[side],
      `${head('POST /v2/echo/job-done/w1/some', 'Content-Length: 100')}{"output":`,
    );
    await closed;
    const [first = '', body = ''] = received().split('\r\n\r\n');
    expect(first).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(JSON.parse(body)).toMatchObject({ status: 408, code: 'REQUEST_TOO_SLOW' });
  });

  it('a poll is held for longer than a request may take to arrive, and then answered', async () => {
    const poll = speak(ports[side], head('GET /v2/echo/job-take/w1?job_in_progress=0'));
    const never = speak(ports[side], head('POST /v2/echo/job-done/w1/some', 'Content-Length: 9'));
    // It was begun after the poll, and its time is over.
    await never.closed;
    expect(poll.received()).toBe('');
    const answered = once(poll.socket, 'data');
    const { id } = (await test.call('POST', '/v2/echo/run', { input: {} })).json<{ id: string }>();
    await answered;
    expect(poll.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(poll.received()).toContain(id);
    poll.socket.destroy();
  });

  it('what is no HTTP is answered 400 with a sentence', async () => {
    const { closed, received } = speak(ports[side], 'hello\r\n\r\n');
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*can not be read as HTTP/s);
  });
});

it('a job that is waited for is answered, though its run takes longer than its request may', async () => {
  const body = '{"input":{}}';
  const sync = speak(
    ports.app,
    `${head('POST /v2/echo/runsync?wait=60000', `Content-Length: ${body.length}`)}${body}`,
  );
  const taken = JSON.parse(await test.take()) as { id: string };
  const never = speak(ports.app, head('POST /v2/echo/run', 'Content-Length: 9'));
  await never.closed;
  expect(sync.received()).toBe('');
  const answered = once(sync.socket, 'data');
  await test.done(taken.id, '{"output":7}');
  await answered;
  expect(sync.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"output":7/s);
  sync.socket.destroy();
});
