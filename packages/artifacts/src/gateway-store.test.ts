import { expect, test } from 'vitest';
import { createGatewayStore } from './gateway-store.ts';

const key = 'status/job_1.json';
const info = { key, sizeBytes: 3, mediaType: 'text/plain', etag: '"1"', modifiedAt: 0 };
const request = { method: 'GET', url: 'https://bucket.example/one', headers: {}, expiresAt: 1 };
const link = { origin: 'http://gateway.example', endpoint: 'ergonomics', workerId: 'w1', key: 'k' };

/** A gateway that knows the artifact and signs its URL, in front of a bucket that answers so. */
const openWith = (bucket: () => Promise<Response>) =>
  createGatewayStore(link, (async (url: string, { method }: RequestInit = {}) => {
    if (url.startsWith('https://bucket.example')) return bucket();
    return Response.json(method === 'POST' ? { request } : info);
  }) as typeof fetch);

const answering = (status: number) => async () => new Response('no', { status });

test.each([
  ['asks for patience', answering(429)],
  ['is overloaded', answering(503)],
  ['refuses the URL', answering(403)],
  ['does not answer', () => Promise.reject(new TypeError('fetch failed'))],
])('a bucket that %s has not lost what it keeps', async (_what, bucket) => {
  await expect(openWith(bucket).get(key)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});

test('what a bucket does not have any more is not there', async () => {
  await expect(openWith(answering(404)).get(key)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
});
