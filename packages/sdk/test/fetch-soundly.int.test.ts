import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { fetchSoundly } from '../src/net/index.ts';

test('a dispatcher that the program set before stays in use', async () => {
  const place = Symbol.for('undici.globalDispatcher.1');
  const global = globalThis as { [key: symbol]: unknown };
  // Node sets its own with the first look at `fetch`.
  expect(typeof fetch).toBe('function');
  const before = global[place];
  class ProxyAgent {
    dispatch(): never {
      throw new Error('by the proxy');
    }
  }
  global[place] = new ProxyAgent();
  try {
    // Of its own, since what it finds is found once for a process.
    vi.resetModules();
    const fresh = await import('../src/net/index.ts');
    await expect(fresh.fetchSoundly('http://127.0.0.1:1/')).rejects.toThrow();
    expect(global[place]).toBeInstanceOf(ProxyAgent);
  } finally {
    global[place] = before;
  }
});

test('a server that hangs up once all is sent is read to its end by a reader that came late', async () => {
  const body = Buffer.alloc(65_536, 'a');
  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from(head), body])));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const hungUp = once(server, 'connection').then(([socket]) => once(socket, 'finish'));
  const { port } = server.address() as AddressInfo;

  const answer = await fetchSoundly(`http://127.0.0.1:${port}/`);
  await hungUp;
  // Time for the end of the connection to be seen here.
  for (let turn = 0; turn < 100; turn += 1) await setImmediate();
  const read: Uint8Array[] = [];
  for await (const chunk of answer.body ?? []) read.push(chunk);

  expect(Buffer.concat(read).equals(body)).toBe(true);
  server.close();
});

test('events of the client are read to the last one that came before the server hung up', async () => {
  const [line, count] = [`data: ${JSON.stringify({ type: 'job.queued', why: 'x'.repeat(1_000) })}\n\n`, 64];
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n';
  const body = line.repeat(count);
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(`${head}content-length: ${body.length}\r\n\r\n${body}`));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}/v2`, apiKey: 'k' });
  const leaving = new AbortController();
  let seen = 0;
  for await (const _event of client.jobs.events({ signal: leaving.signal })) {
    // A reader that is slower than the server.
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    seen += 1;
    if (seen === count) break;
  }
  expect(seen).toBe(count);
  server.close();
});
