import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fetchSoundly } from '../src/net/index.ts';

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
