import type { SignedUrl } from '@spillway/protocol/v1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

const APP = 'https://app.example.com';
const YAML = `
cors: { origins: ["${APP}", "http://localhost:5173"] }
endpoints:
  video: { backends: [pool] }
`;

let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway({}, YAML);
});
afterAll(() => gateway.stop());

const preflight = (path: string, origin: string, method = 'POST') =>
  fetch(gateway.url + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization, content-type',
    },
  });

const list = (reply: Response, name: string) => (reply.headers.get(name) ?? '').toLowerCase().split(/,\s*/);

describe('a page of a listed origin', () => {
  test.each([
    ['/v1/artifacts', 'POST'],
    ['/v2/video/run', 'POST'],
    ['/v1/artifacts/x', 'DELETE'],
    ['/v1/artifacts/data/uploads/x.mp4?signature=y', 'PUT'],
  ])('may call %s by %s, key and all', async (path, method) => {
    const reply = await preflight(path, APP, method);
    expect(reply.status).toBe(204);
    expect(reply.headers.get('access-control-allow-origin')).toBe(APP);
    expect(list(reply, 'access-control-allow-methods')).toContain(method.toLowerCase());
    expect(list(reply, 'access-control-allow-headers')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'range', 'if-none-match', 'idempotency-key']),
    );
    expect(reply.headers.get('access-control-allow-credentials')).toBeNull();
    expect(reply.headers.get('vary')).toBe('origin');
  });

  test('reads answers and the headers that it needs, refusals too', async () => {
    const headers = { origin: APP, authorization: `Bearer ${ADMIN_KEY}` };
    const body = JSON.stringify({ name: 'a.txt', mediaType: 'text/plain', sizeBytes: 3 });
    const begun = await fetch(`${gateway.url}/v1/artifacts`, { method: 'POST', headers, body });
    expect(begun.headers.get('access-control-allow-origin')).toBe(APP);
    expect(list(begun, 'access-control-expose-headers')).toEqual(
      expect.arrayContaining(['etag', 'retry-after', 'location', 'content-range', 'x-request-id']),
    );
    const { id, upload } = (await begun.json()) as { id: string; upload: SignedUrl };
    const sent = await fetch(upload.url, {
      method: 'PUT',
      headers: { ...upload.headers, origin: APP },
      body: 'abc',
    });
    expect(sent.headers.get('access-control-allow-origin')).toBe(APP);
    await gateway.call('POST', `/v1/artifacts/${id}/complete`, {});
    const { url } = await gateway.client.artifacts.downloadUrl(id);
    const read = await fetch(url, { headers: { origin: 'http://localhost:5173', range: 'bytes=0-1' } });
    expect([read.status, await read.text()]).toEqual([206, 'ab']);
    expect(read.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    const refused = await fetch(`${gateway.url}/v1/jobs/nope`, { headers: { origin: APP } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, APP]);
  });
});

test('a stream of events is read by a page of a listed origin, too', async () => {
  const stop = new AbortController();
  const reply = await fetch(`${gateway.url}/v1/events`, {
    headers: { origin: APP, authorization: `Bearer ${ADMIN_KEY}` },
    signal: stop.signal,
  });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  expect(reply.headers.get('access-control-allow-origin')).toBe(APP);
  stop.abort();
});

test.each([
  'https://evil.example.com',
  'http://app.example.com',
  `${APP}:8443`,
  `${APP}.evil.com`,
  `${APP}/`,
  'null',
])('a page of %s is told nothing', async (origin) => {
  const reply = await preflight('/v1/artifacts', origin);
  expect(reply.status).toBe(405);
  expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  const call = await fetch(`${gateway.url}/v1/jobs`, {
    headers: { origin, authorization: `Bearer ${ADMIN_KEY}` },
  });
  expect(call.headers.get('access-control-allow-origin')).toBeNull();
});

test('what is not called by pages has none of it', async () => {
  expect((await preflight('/metrics', APP, 'GET')).headers.get('access-control-allow-origin')).toBeNull();
});

test('what a browser keeps of an artifact is kept apart by origin', async () => {
  const reply = await fetch(`${gateway.url}/v1/artifacts/data/uploads/x.mp4`);
  expect(reply.headers.get('vary')).toBe('origin');
});

test('without origins there are no such headers at all', async () => {
  const plain = await startArtifactGateway();
  try {
    const reply = await fetch(`${plain.url}/v1/jobs`, { headers: { origin: APP } });
    expect([...reply.headers.keys()].filter((name) => /^access-control|^vary$/.test(name))).toEqual([]);
  } finally {
    await plain.stop();
  }
});
