import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

// Bodies that are refused before they are read. Many clients, Python's among them, read no answer before they have sent all.
const YAML = `
endpoints: { mine: { backends: [pool] } }
artifacts: { quota: { perArtifact: 1m } }
`;
/** More than sockets hold by themselves. */
const BYTES = 24 * 1024 * 1024;

let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway({}, YAML);
});
afterAll(() => gateway.stop());

/** Answers what is said to a body once it was sent to its end. */
async function sendFirst(line: string, body: readonly (string | Buffer)[], length?: number): Promise<string> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  const framing = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  const head = `${line} HTTP/1.1\r\nhost: x\r\nauthorization: ${ADMIN_KEY}\r\n${framing}\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.write(head);
    for (const piece of body.slice(0, -1)) socket.write(piece);
    socket.write(body.at(-1) ?? '', (error) => (error ? reject(error) : resolve()));
  });
  // What it says is read to its end.
  socket.end();
  return text(socket);
}

async function signedUrl(): Promise<string> {
  const reply = await gateway.call('POST', '/v1/artifacts', { name: 'a.bin', sizeBytes: 10 });
  const { upload } = (await reply.json()) as { upload: { url: string } };
  const { pathname, search } = new URL(upload.url);
  return pathname + search;
}

test.each<[string, () => Promise<string> | string, number, string]>([
  ['a job', () => 'POST /v2/mine/run', 400, 'BODY_TOO_LARGE'],
  ['a call', () => 'POST /v1/keys', 413, 'PAYLOAD_TOO_LARGE'],
  [
    'a file of a worker',
    () => 'PUT /v1/endpoints/mine/workers/w1/files/results/a.bin',
    413,
    'PAYLOAD_TOO_LARGE',
  ],
  ['what a signed URL does not take', async () => `PUT ${await signedUrl()}`, 400, 'ARTIFACT_MISMATCH'],
  [
    'what a changed URL does not take',
    async () => `PUT ${(await signedUrl()).replace('expires=', 'expires=1')}`,
    403,
    'URL_INVALID',
  ],
])('%s that is too large is told so, also when it is sent to its end', async (_, line, status, code) => {
  const answer = await sendFirst(await line(), [Buffer.alloc(BYTES, 'x')], BYTES);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*"code":"${code}"`, 's'));
});

test('an upload that turns out too large on its way is told so', async () => {
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 'x'), Buffer.from('\r\n')]);
  const body = [...Array<Buffer>(BYTES / 0x100000).fill(chunk), '0\r\n\r\n'];
  const answer = await sendFirst(`PUT ${await signedUrl()}`, body);
  expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"ARTIFACT_MISMATCH"/s);
});
