import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { probeVideo } from '@spillway/workers/video';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { collectTimes, hasFfmpeg, makeFolder, makeVideo } from './test-videos.ts';

const { folder, remove } = makeFolder();
const file = (name: string) => path.join(folder, name);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('SKIPPED: openssl is not installed (Debian: apt-get install openssl)');

describe.skipIf(!hasFfmpeg || !hasOpenssl)('videos at a URL', () => {
  let server: Server;
  let origin = '';
  const asked: string[] = [];

  beforeAll(async () => {
    // Its index lies at the end, so that reading it takes ranges.
    makeVideo(file('v.mp4'));
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const files = ['-keyout', file('key.pem'), '-out', file('cert.pem')];
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files]);
    const bytes = readFileSync(file('v.mp4'));
    const tls = { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) };
    server = createServer(tls, (request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/elsewhere.mp4') {
        response.writeHead(302, { location: 'http://127.0.0.1:9/v.mp4' }).end();
      } else if (request.url?.startsWith('/v.mp4')) {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
        response.writeHead(206, { 'accept-ranges': 'bytes', ...range }).end(bytes.subarray(from));
      } else {
        response.writeHead(403).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    remove();
  });

  beforeEach(() => {
    process.env.NODE_EXTRA_CA_CERTS = file('cert.pem');
  });
  afterEach(() => {
    delete process.env.NODE_EXTRA_CA_CERTS;
  });

  test('one is read by ranges, with a certificate that Node was told to trust', async () => {
    expect(await probeVideo(`${origin}/v.mp4?signature=abc`)).toMatchObject({
      widthPx: 320,
      durationMs: 3000,
    });
    expect(await collectTimes(`${origin}/v.mp4`, { samplesPerSecond: 10, fromMs: 1000 })).toHaveLength(20);
  });

  test('a certificate that nobody vouches for is refused', async () => {
    delete process.env.NODE_EXTRA_CA_CERTS;
    const before = asked.length;
    await expect(probeVideo(`${origin}/v.mp4`)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(asked).toHaveLength(before);
  });

  test('a refusal is told with its status and without the address', async () => {
    const error = (await probeVideo(`${origin}/none.mp4?signature=abc`).catch((thrown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(error.message).toContain('403');
    expect(error.message).not.toContain('abc');
  });

  test('a redirect to something else than https is not followed', async () => {
    await expect(probeVideo(`${origin}/elsewhere.mp4`)).rejects.toMatchObject({ name: 'VideoError' });
  });
});
