// Signatures that the clip worker must refuse, in jobs and on its own HTTP routes, before it does anything else.
import { signImageUrlV0, signJob, signV1 } from '@spillway/sdk/signing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { expectNothingOfTheInside, OLD_SECRET, openClipBench, SECRET } from './clip-bench.ts';

const bench = await openClipBench();
const { at, job, pictures, post } = bench;
afterAll(() => bench.close());
beforeEach(() => bench.asked.clear());

describe('a signature', () => {
  const now = () => Math.floor(Date.now() / 1000);
  /** By its query of a test's own where it is signed for: a URL counts once in a second, whoever asks. */
  const url = (query = '') => at(`good.jpg${query}`);
  const item = () => ({ image_url: url(), request_id: 'r' });
  const path = '/v1/embed/image';
  const request = { method: 'POST', path };
  const good = { secret: SECRET };

  const auths: [string, () => unknown, () => unknown][] = [
    ['that is missing', () => undefined, () => undefined],
    ['that is null', () => null, () => null],
    ['that is no object', () => 'x', () => 'x'],
    [
      'of upper-case hex',
      () => ({ ts: now(), sig: 'A'.repeat(64) }),
      () => ({ ts: now(), sig: 'A'.repeat(64) }),
    ],
    [
      'of a time as text',
      () => ({ ...signImageUrlV0(url(), good), ts: String(now()) }),
      () => ({ ...signImageUrlV0(url(), good), ts: String(now()) }),
    ],
    [
      'of another secret',
      () => signJob('clip', item(), { secret: 'x' }),
      () => signV1({ ...request, body: item() }, { secret: 'x' }),
    ],
    [
      'that is expired',
      () => signJob('clip', item(), { ...good, ts: now() - 125 }),
      () => signV1({ ...request, body: item() }, { ...good, ts: now() - 125 }),
    ],
    [
      'of the future',
      () => signJob('clip', item(), { ...good, ts: now() + 125 }),
      () => signV1({ ...request, body: item() }, { ...good, ts: now() + 125 }),
    ],
    [
      'of an older version that is expired',
      () => signImageUrlV0(url(), { ...good, ts: now() - 125 }),
      () => signImageUrlV0(url(), { ...good, ts: now() - 125 }),
    ],
    [
      'of another body',
      () => signJob('clip', { ...item(), normalize: false }, good),
      () => signV1({ ...request, body: { ...item(), normalize: false } }, good),
    ],
    [
      'of another endpoint or path',
      () => signJob('other', item(), good),
      () => signV1({ method: 'POST', path: '/v1/embed/text', body: item() }, good),
    ],
    [
      'of another kind of request',
      () => signV1({ ...request, body: item() }, good),
      () => signJob('clip', item(), good),
    ],
    [
      'of another method',
      () => signV1({ method: 'POST', path: 'clip', body: item() }, good),
      () => signV1({ method: 'GET', path, body: item() }, good),
    ],
    ['of another URL', () => signImageUrlV0(`${url()}?`, good), () => signImageUrlV0(`${url()}?`, good)],
  ];

  test.each(auths)('%s is refused before anything is fetched', async (_name, forJob, forHttp) => {
    const before = pictures.seen.length;
    const asJob = await job({ ...item(), auth: forJob() });
    const overHttp = await post(path, { ...item(), auth: forHttp() });
    const told = { code: 'AUTH_FAILED', message: 'Authentication failed' };
    expect(asJob).toMatchObject({ status: 'FAILED', ...told });
    expect(overHttp).toMatchObject({ status: 401, ...told });
    expect(JSON.parse(overHttp.text)).toMatchObject({ request_id: 'r' });
    for (const outcome of [asJob, overHttp]) expectNothingOfTheInside(outcome);
    expect(pictures.seen.length).toBe(before);
  });

  test('counts once, also when it is used in another way than before', async () => {
    const auth = signImageUrlV0(url('?once'), good);
    const asked = { image_url: url('?once'), auth };
    expect((await post(path, asked)).status).toBe(200);
    expect((await post(path, asked)).code).toBe('AUTH_FAILED');
    expect((await job(asked)).code).toBe('AUTH_FAILED');
    const body = { image_url: url() };
    const signed = { ...body, auth: signV1({ ...request, body }, good) };
    expect((await post(path, signed)).status).toBe(200);
    expect((await post(path, signed)).status).toBe(401);
  });

  test('of the secret before is good while secrets are rotated', async () => {
    const auth = signImageUrlV0(url(), { secret: OLD_SECRET });
    expect((await post(path, { image_url: url(), auth })).status).toBe(200);
  });

  test('of a URL asks for no text, and that of a text for no picture', async () => {
    const auth = signImageUrlV0(url(), good);
    expect((await post('/v1/embed/text', { text: 'a star', image_url: url(), auth })).status).toBe(401);
    expect((await job({ text: 'a star', image_url: url(), auth })).code).toBe('AUTH_FAILED');
    expect((await post('/v1/embeddings', { input: 'a star', image_url: url(), auth })).status).toBe(401);
    expect((await post('/v1/embed/image-batch', { items: [], image_url: url(), auth })).status).toBe(401);
  });

  test('that is wrong fails its item of a batch alone', async () => {
    const items = [
      { image_url: url('?batch'), auth: signImageUrlV0(url('?batch'), good) },
      { image_url: url(), request_id: 'b' },
    ];
    const { text } = await post('/v1/embed/image-batch', { items });
    expect(JSON.parse(text)).toMatchObject({
      results: [{ dim: 512 }, { request_id: 'b', error: { code: 'AUTH_FAILED' } }],
    });
  });
});
