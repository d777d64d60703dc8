import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAddressRules, guardedFetch, guardedOpen } from '../src/net/index.ts';

const servers: Server[] = [];
const rules = createAddressRules(['127.0.0.1', 'localhost']);

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('an answer of any size is read as it comes', async () => {
  const mebibyte = Buffer.alloc(1 << 20, 7);
  const port = await serve((_request, response) => {
    for (let i = 0; i < 3; i++) response.write(mebibyte);
    response.end();
  });
  const answer = await guardedOpen(`http://127.0.0.1:${port}/`, { rules });
  expect(answer.status).toBe(200);
  expect((await readAll(answer.body)).length).toBe(3 << 20);
});

test('a connection that is cut in the middle is an error, not an end', async () => {
  const port = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  const answer = await guardedOpen(`http://127.0.0.1:${port}/`, { rules });
  await expect(readAll(answer.body)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('what came before the connection was cut is all given out', async () => {
  const port = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '200000' });
    response.write(Buffer.alloc(100_000, 1), () => response.socket?.end());
  });
  const answer = await guardedOpen(`http://127.0.0.1:${port}/`, { rules });
  let bytes = 0;
  const read = async () => {
    for await (const chunk of answer.body) bytes += chunk.length;
  };
  await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(bytes).toBe(100_000);
});

test('an answer that stops coming is given up on after the idle time', async () => {
  const port = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
  });
  const answer = await guardedOpen(`http://127.0.0.1:${port}/`, { rules, idleTimeoutMs: 20 });
  await expect(readAll(answer.body)).rejects.toMatchObject({ code: 'TOO_SLOW' });
});

test('whoever stops reading, or does not begin, closes the connection', async () => {
  let closed = 0;
  const port = await serve((_request, response) => {
    response.on('close', () => {
      closed += 1;
    });
    response.write('first');
  });
  const left = await guardedOpen(`http://127.0.0.1:${port}/`, { rules });
  for await (const _chunk of left.body) break;
  (await guardedOpen(`http://127.0.0.1:${port}/`, { rules })).close();
  await expect.poll(() => closed).toBe(2);
});

test('an abort ends the reading with its reason', async () => {
  const port = await serve((_request, response) => void response.write('first'));
  const aborter = new AbortController();
  const answer = await guardedOpen(`http://127.0.0.1:${port}/`, { rules, signal: aborter.signal });
  const reading = readAll(answer.body);
  aborter.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});

test.each([
  ['guardedFetch', guardedFetch],
  ['guardedOpen', guardedOpen],
])('%s shows a key to the host that it is for, and not to one that a redirect names', async (_name, call) => {
  const seen: unknown[] = [];
  const elsewhere = await serve((request, response) => {
    seen.push([request.headers.authorization, request.headers.accept]);
    response.end();
  });
  const port = await serve((request, response) => {
    seen.push(request.headers.authorization);
    const location = request.url === '/' ? '/again' : `http://127.0.0.1:${elsewhere}/`;
    response.writeHead(302, { location }).end();
  });
  const headers = { Authorization: 'Bearer secret', accept: 'text/plain' };
  const answer = await call(`http://127.0.0.1:${port}/`, { rules, headers, maxRedirects: 3 });
  expect(answer.status).toBe(200);
  expect(seen).toEqual(['Bearer secret', 'Bearer secret', [undefined, 'text/plain']]);
});
