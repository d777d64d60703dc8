import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createDiskStore } from '@spillway/artifacts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN, createTestApp, type TestApp } from '../src/http/test-app.ts';
import { createRandomIds } from '../src/lib/ids.ts';

// Bodies that are refused while they are still sent, on real sockets.
const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(MIB);

let folder: string;
let test: TestApp;
let socket: Socket;
let received: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-refused-'));
  test = createTestApp();
  const store = createDiskStore({ folder, secret: 's', clock: test.clock, ids: createRandomIds() });
  Object.assign(test.parts, { artifacts: { store } });
  await test.app.listen({ host: '127.0.0.1', port: 0 });
  received = '';
  socket = connect((test.app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received += chunk;
  });
});
afterEach(async () => {
  socket.destroy();
  expect(await test.stop()).toBe(0);
  await rm(folder, { recursive: true });
});

const head = (line: string, ...more: string[]) =>
  [`${line} HTTP/1.1`, 'Host: gw', `Authorization: ${ADMIN}`, ...more, '', ''].join('\r\n');
const NONE_OF_OURS = '/v1/artifacts/data/uploads/a.mp4?expires=9&signature=x';

describe('whoever goes on sending a body that was refused is not cut off, so that the answer is heard', () => {
  it.each([
    ['a job that is too large', 'POST /v2/echo/run', 'BODY_TOO_LARGE'],
    ['a file at a URL that is none of ours', `PUT ${NONE_OF_OURS}`, 'URL_INVALID'],
    ['a file of a worker of no endpoint', 'PUT /v1/endpoints/no/workers/w/files/a', 'ENDPOINT_NOT_FOUND'],
  ])('%s', async (_what, line, code) => {
    socket.write(head(line, `Content-Length: ${24 * MIB}`));
    await once(socket, 'data');
    expect(received).toContain(code);
    for (let sent = 0; sent < 24; sent += 1) socket.write(CHUNK);
    socket.write(head('GET /v2/echo/status/none'));
    await once(socket, 'data');
    expect(received).toContain('JOB_NOT_FOUND');
  });

  it('a file that is longer than its URL is for, and does not tell it', async () => {
    const terms = { mediaType: 'video/mp4', sizeBytes: MIB, expiresInMs: 60_000 };
    const { url } = await test.parts.artifacts.store.presignPut('uploads/a.mp4', terms);
    const chunk = `${MIB.toString(16)}\r\n${CHUNK}\r\n`;
    socket.write(head(`PUT ${url}`, 'Transfer-Encoding: chunked'));
    socket.write(chunk + chunk);
    await once(socket, 'data');
    expect(received).toContain('ARTIFACT_MISMATCH');
    for (let sent = 0; sent < 24; sent += 1) socket.write(chunk);
    socket.write(`0\r\n\r\n${head('GET /v2/echo/status/none')}`);
    await once(socket, 'data');
    expect(received).toContain('JOB_NOT_FOUND');
  });
});

it('whoever wants its connection closed, and looks for the answer once all is sent, as Python does, hears it', async () => {
  socket.pause();
  socket.write(head('POST /v2/echo/run', `Content-Length: ${24 * MIB}`, 'Connection: close'));
  for (let sent = 1; sent < 24; sent += 1) socket.write(CHUNK);
  const failed = await new Promise((resolve) => socket.write(CHUNK, resolve));
  expect(failed ?? undefined).toBeUndefined();
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  expect(received).toMatch(/^HTTP\/1\.1 400 /);
  expect(received).toContain('BODY_TOO_LARGE');
});

it('a body that never ends behind its refusal is read for a while, and then its connection ends', async () => {
  const closed = once(socket, 'close');
  socket.write(head('POST /v2/echo/run', `Content-Length: ${24 * MIB}`));
  await once(socket, 'data');
  expect(received).toContain('BODY_TOO_LARGE');
  await test.clock.advance(10_000);
  await closed;
});

it('a worker is told what to do with a chunk over the limit', async () => {
  socket.write(head('POST /v2/echo/job-stream/w1/some', `Content-Length: ${129 * MIB}`));
  await once(socket, 'data');
  expect(received).toMatch(/^HTTP\/1\.1 400 /);
  expect(received).toContain('exceeded max body size of 128MiB; put large results in as an artifact');
});
