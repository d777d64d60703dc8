// The clip worker's own HTTP routes, as its users call and sign them.
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { signV1 } from '@spillway/sdk/signing';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startClip } from '../src/clip/worker.ts';
import { decodeImage } from '../src/media/image.ts';
import { type PodServer, startPodServer } from '../src/pod/pod-server.ts';
import type { WorkerInstance } from '../src/worker-instance.ts';
import { type PictureServer, startPictureServer } from './fixtures/picture-server.ts';

const SECRET = 'test-secret';

let pictures: PictureServer;
let worker: WorkerInstance;
let pod: PodServer;
let logged: string[];

beforeAll(async () => {
  pictures = await startPictureServer();
  const env = { EMBEDDING_HMAC_SECRET: SECRET, SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1' };
  worker = await startClip({ env, warn: () => {} });
});
afterAll(async () => {
  await pod.stop();
  await worker.stop();
  pictures.stop();
});
beforeEach(async () => {
  logged = [];
  await pod?.stop();
  await start();
});

async function start(apiKey?: string): Promise<void> {
  let calls = 0;
  pod = await startPodServer({
    ...{ name: 'clip', settings: { host: '127.0.0.1', port: 0, apiKey } },
    newId: () => `call-${Date.now()}-${++calls}`,
    onError: () => {},
    onLog: (message) => logged.push(message),
  });
  pod.ready(worker);
}

interface Embedding {
  readonly request_id?: string;
  readonly embedding: readonly number[];
}

async function post<T>(route: string, body: object, headers: Record<string, string> = {}) {
  const reply = await fetch(`${pod.url}${route}`, { method: 'POST', body: JSON.stringify(body), headers });
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as T };
}

const signed = (route: string, body: Record<string, unknown>) => ({
  ...body,
  auth: signV1({ method: 'POST', path: route, body }, { secret: SECRET }),
});

/** As existing callers sign: the text by hand, in whole seconds. */
function authOf(text: (ts: number) => string, secondsAgo = 0) {
  const ts = Math.floor(Date.now() / 1000) - secondsAgo;
  return { ts, sig: createHmac('sha256', SECRET).update(text(ts)).digest('hex') };
}

const good = () => `http://127.0.0.1:${pictures.port}/good.jpg`;

describe('a call', () => {
  test('for a picture, signed as existing callers do, is answered as the contract has it', async () => {
    const auth = authOf((ts) => `POST|/v1/embed/image|${good()}|${ts}`);
    const { status, body } = await post<Embedding>('/v1/embed/image', {
      ...{ image_url: good(), request_id: 'r1', normalize: true, auth },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ request_id: 'r1', dim: 512, model: 'demo-clip', pretrained: 'demo', normalized: true },
      embedding: expect.any(Array),
      timings: {
        ...{
          download_ms: expect.any(Number),
          inference_ms: expect.any(Number),
          total_ms: expect.any(Number),
        },
      },
    });
    expect(body.embedding).toHaveLength(512);
    expect(Math.hypot(...body.embedding)).toBeCloseTo(1, 5);
  });

  test('for a text signs its hash', async () => {
    const text = 'a photo of ten red stars';
    const hash = createHash('sha256').update(text).digest('hex');
    const auth = authOf((ts) => `POST|/v1/embed/text|${hash}|${ts}`);
    const { body } = await post('/v1/embed/text', { text, auth });
    expect(body).toMatchObject({ dim: 512, normalized: true, timings: { download_ms: 0 } });
    expect(body).not.toHaveProperty('request_id');
  });

  test('for a batch keeps its order and each item’s own settings', async () => {
    const item = (request_id: string, secondsAgo: number, more: object = {}) => ({
      ...{ image_url: good(), request_id, ...more },
      auth: authOf((ts) => `POST|/v1/embed/image-batch|${good()}|${ts}`, secondsAgo),
    });
    const items = [item('a', 0), item('b', 0), item('c', 1, { normalize: false })];
    const { body } = await post('/v1/embed/image-batch', { items });
    expect(body).toMatchObject({
      results: [
        { request_id: 'a', normalized: true },
        { request_id: 'b', normalized: true },
        { request_id: 'c', normalized: false },
      ],
      batch_timings: {
        ...{
          download_ms: expect.any(Number),
          inference_ms: expect.any(Number),
          total_ms: expect.any(Number),
        },
      },
    });
  });

  test('for a batch of 16, signed as a whole, is answered whole', async () => {
    const images = Array(16).fill({ image_url: good() });
    const { body } = await post<{ results: object[] }>(
      '/v1/embed/image-batch',
      signed('/v1/embed/image-batch', { images }),
    );
    expect(body.results).toHaveLength(16);
    for (const result of body.results) expect(result).toMatchObject({ dim: 512 });
  });

  test('that is refused says why in the log alone', async () => {
    const { status, body } = await post('/v1/embed/image', { image_url: good(), request_id: 'r' });
    expect(status).toBe(401);
    expect(body).toEqual({
      request_id: 'r',
      error: { code: 'AUTH_FAILED', message: 'Authentication failed' },
      detail: 'Authentication failed',
    });
    expect(logged).toEqual([expect.stringMatching(/^call-\S+: refused a signature: MISSING$/)]);
  });

  test('on the contract of its jobs is signed for the worker’s name', async () => {
    const input = { text: 'a star' };
    const auth = signV1({ method: 'JOB', path: 'clip', body: input }, { secret: SECRET });
    const { body } = await post('/runsync', { input: { ...input, auth } });
    expect(body).toMatchObject({ status: 'COMPLETED', output: { dim: 512 } });
  });

  test('takes no other method', async () => {
    const reply = await fetch(`${pod.url}/v1/embed/image`);
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('OpenAI’s embeddings', () => {
  test('are signed like any other call', async () => {
    const { status, body, headers } = await post(
      '/v1/embeddings',
      signed('/v1/embeddings', { input: ['a star', good()], encoding_format: 'base64' }),
    );
    expect(status).toBe(200);
    expect(headers.get('x-request-id')).toMatch(/^call-/);
    expect(body).toMatchObject({
      ...{ object: 'list', model: 'demo-clip', usage: { prompt_tokens: 4, total_tokens: 4 } },
      data: [
        { object: 'embedding', index: 0, embedding: expect.stringMatching(/^[\w+/]{2731}=$/) },
        { object: 'embedding', index: 1, embedding: expect.any(String) },
      ],
    });
  });

  test('without a signature are for the holders of a key, which alone opens nothing else', async () => {
    const refused = {
      error: { message: 'Authentication failed', type: 'authentication_error', code: 'AUTH_FAILED' },
    };
    expect(await post('/v1/embeddings', { input: 'a' })).toMatchObject({ status: 401, body: refused });
    await pod.stop();
    await start('k');
    const key = { authorization: 'Bearer k' };
    expect((await post('/v1/embeddings', { input: 'a' }, key)).status).toBe(200);
    expect((await post('/v1/embeddings', { input: 'a' })).status).toBe(401);
    expect((await post('/v1/embed/text', { text: 'a' }, key)).status).toBe(401);
  });
});

interface Golden {
  readonly files: readonly { name: string; file: string }[];
}

test.each([
  'animated GIF',
  'GIF whose first frame is smaller than its screen',
  'animated WebP',
  'animated PNG',
])('an %s counts by its first frame', async (name) => {
  const golden = JSON.parse(
    readFileSync(new URL('../src/media/testdata/decode-golden.json', import.meta.url), 'utf8'),
  ) as Golden;
  const image = golden.files.find((one) => one.name === name)?.file ?? '';
  const { data, width, height } = await decodeImage(Buffer.from(image, 'base64'));
  const still = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const route = '/v1/embed/image';
  const [moving, frame] = await Promise.all(
    [image, still.toString('base64')].map((one) => post<Embedding>(route, signed(route, { image: one }))),
  );
  expect(moving?.status).toBe(200);
  const cosine = moving?.body.embedding.reduce(
    (sum, value, at) => sum + value * (frame?.body.embedding[at] ?? 0),
    0,
  );
  expect(cosine).toBeCloseTo(1, 5);
});
