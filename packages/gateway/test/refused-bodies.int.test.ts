import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

// Bodies that are refused before they are read, of clients that look for the answer only once they have sent all of it, as
// Python's do: cut off while they send, they would see a broken pipe in its place.
const MIB = 1024 * 1024;

let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway({}, 'endpoints: { echo: { backends: [pool] } }');
});
afterAll(() => gateway.stop());

/** What comes back, status line and all, to one that sends first and then reads. */
async function send(method: string, path: string, bytes: number, key = ADMIN_KEY): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: gw',
    `Authorization: ${key}`,
    `Content-Length: ${bytes}`,
    'Connection: close',
  ];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    socket.write(Buffer.alloc(bytes), (error) => (error ? reject(error) : resolve()));
  });
  return text(socket);
}

test('a job over the limit is answered with RunPod’s words', async () => {
  const answer = await send('POST', '/v2/echo/run', 21 * MIB);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('exceeded max body size of 10MiB');
});

test('a stranger is answered 401', async () => {
  expect(await send('POST', '/v2/echo/run', 9 * MIB, 'spk_of-somebody')).toMatch(/^HTTP\/1\.1 401 /);
});

test('a native job over the limit is answered 413', async () => {
  const answer = await send('POST', '/v1/jobs', 41 * MIB);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});

test('a worker is told what to do with a chunk over the limit', async () => {
  const answer = await send('POST', '/v2/echo/job-stream/w1/some', 129 * MIB);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('exceeded max body size of 128MiB; put large results in as an artifact');
});

test('a file that is not as long as was announced is answered with both lengths', async () => {
  const reply = await gateway.call('POST', '/v1/artifacts', { name: 'a.mp4', sizeBytes: 10 });
  const { upload } = (await reply.json()) as { upload: { url: string } };
  const { pathname, search } = new URL(upload.url);
  const answer = await send('PUT', pathname + search, 30 * MIB);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain(`exactly 10 bytes, the request has ${30 * MIB}`);
});
