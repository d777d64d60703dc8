// What must not get through to the clip worker, as jobs and over its own HTTP routes: each has its code, and no answer
// tells of the inside.
import type { lookup as systemLookup } from 'node:dns';
import { hostname } from 'node:os';
import path from 'node:path';
import { signImageUrlV0, signJob, signV1 } from '@spillway/sdk/signing';
import { runHandler } from '@spillway/sdk/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startClip } from '../src/clip/worker.ts';
import { type PodServer, startPodServer } from '../src/pod/pod-server.ts';
import type { WorkerInstance } from '../src/registry.ts';
import { JPEG, type PictureServer, startPictureServer } from './fixtures/picture-server.ts';

const SECRET = 'test-secret';
const OLD_SECRET = 'test-secret-of-before';
const IMAGE = JPEG.toString('base64');

/** What names stand for, at each question the next; the last one stays. */
const NAMES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'pictures.test': [['127.0.0.1']],
  'inside.test': [['10.9.8.7']],
  'both.test': [['93.184.216.34', '10.9.8.7']],
  'six.test': [['fd00::7']],
  'changes.test': [['127.0.0.1'], ['10.9.8.7']],
};
const asked = new Map<string, number>();

const lookup = ((name: string, _options: object, answer: (error: Error | null, found: object[]) => void) => {
  const times = asked.get(name) ?? 0;
  asked.set(name, times + 1);
  const answers = NAMES[name];
  const found = answers?.[Math.min(times, answers.length - 1)];
  if (!found) return answer(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
  answer(
    null,
    found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );
}) as unknown as typeof systemLookup;

let pictures: PictureServer;
let worker: WorkerInstance;
let pod: PodServer;
let calls = 0;

beforeAll(async () => {
  pictures = await startPictureServer();
  const env = {
    ...{ EMBEDDING_HMAC_SECRET: SECRET, EMBEDDING_HMAC_SECRET_PREVIOUS: OLD_SECRET },
    // The test's own server, and nothing else of the inside.
    SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1',
    ...{ CLIP_DOWNLOAD_MAX_MB: '1', CLIP_DOWNLOAD_TIMEOUT_S: '1' },
  };
  worker = await startClip({ env, warn: () => {} }, { lookup });
  pod = await startPodServer({
    ...{ name: 'clip', settings: { host: '127.0.0.1', port: 0, apiKey: undefined } },
    newId: () => `call-${++calls}`,
    onError: () => {},
  });
  pod.ready(worker);
});
afterAll(async () => {
  await pod.stop();
  await worker.stop();
  pictures.stop();
});
beforeEach(() => asked.clear());

type Fields = Record<string, unknown>;

interface Outcome {
  readonly status: number | string;
  readonly code: string | undefined;
  readonly message: string;
  readonly text: string;
}

async function post(route: string, body: unknown): Promise<Outcome> {
  const reply = await fetch(`${pod.url}${route}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await reply.text();
  const { error } = JSON.parse(text) as { error?: { code: string; message: string } };
  return { status: reply.status, code: error?.code, message: error?.message ?? '', text };
}

const postSigned = (route: string, body: Fields) =>
  post(route, { ...body, auth: signV1({ method: 'POST', path: route, body }, { secret: SECRET }) });

async function job(input: Fields): Promise<Outcome> {
  const run = await runHandler(worker.handler, input, { endpoint: 'clip', jobId: `job-${++calls}` });
  const output = run.output as { code?: string; error?: string } | undefined;
  const isAuth = output?.error === 'Authentication failed';
  return {
    status: run.status,
    code: isAuth ? 'AUTH_FAILED' : output?.code,
    message: run.error ?? '',
    text: JSON.stringify({ output: run.output, error: run.error }),
  };
}

const jobSigned = (input: Fields) => job({ ...input, auth: signJob('clip', input, { secret: SECRET }) });

/** Paths, stacks, host names, resolved addresses, libraries. */
const INSIDE = [
  path.resolve(import.meta.dirname, '../../..'),
  hostname(),
  ...['node_modules', '.ts:', '    at ', 'Error:', '/srv/', '10.9.8.7', 'fd00::7', 'ECONN', 'ENOTFOUND'],
  ...['vips', 'sharp', 'onnx', 'getaddrinfo', SECRET],
];

function expectNothingOfTheInside({ text }: Outcome): void {
  expect(INSIDE.filter((word) => text.includes(word))).toEqual([]);
}

const at = (file: string, host = 'pictures.test') => `http://${host}:${pictures.port}/${file}`;

/** The same picture by each way that there is. */
async function byEveryWay(image_url: string): Promise<Outcome[]> {
  const item = { image_url, request_id: 'r' };
  const outcomes = await Promise.all([jobSigned(item), postSigned('/v1/embed/image', item)]);
  for (const outcome of outcomes) expectNothingOfTheInside(outcome);
  return outcomes;
}

describe('a URL that leads inside', () => {
  test.each([
    ['an address of a private network', 'http://10.0.0.7/a.jpg'],
    ['loopback', 'http://127.0.0.2/a.jpg'],
    ['an address of the link', 'http://169.254.169.254/latest/meta-data'],
    ['no address', 'http://0.0.0.0/a.jpg'],
    ['a decimal address', 'http://167772167/a.jpg'],
    ['an octal address', 'http://012.0.0.07/a.jpg'],
    ['a hexadecimal address', 'http://0x0a000007/a.jpg'],
    ['a shortened address', 'http://127.2/a.jpg'],
    ['full-width digits', 'http://１０.０.０.７/a.jpg'],
    ['IPv6 loopback', 'http://[::1]/a.jpg'],
    ['IPv4 within IPv6', 'http://[::ffff:127.0.0.2]/a.jpg'],
    ['IPv4 within IPv6, in hexadecimal', 'http://[::ffff:a00:7]/a.jpg'],
    ['an IPv6 address of the link', 'http://[fe80::1]/a.jpg'],
    ['an IPv6 address of a private network', 'http://[fc00::7]/a.jpg'],
    ['a translated address', 'http://[64:ff9b::a00:7]/a.jpg'],
    ['a tunnelled address', 'http://[2002:a00:7::]/a.jpg'],
    ['a name of the inside', 'http://inside.test/a.jpg'],
    ['a name that is inside, too', 'http://both.test/a.jpg'],
    ['a name that is inside by IPv6', 'http://six.test/a.jpg'],
  ])('by %s is not fetched', async (_name, url) => {
    const [asJob, overHttp] = await byEveryWay(url);
    expect(asJob).toMatchObject({ status: 'FAILED', code: 'DOWNLOAD_ERROR' });
    expect(overHttp).toMatchObject({ status: 422, code: 'DOWNLOAD_ERROR' });
    expect(overHttp?.message).toMatch(/not on the public internet/);
  });

  test.each(['to-metadata.jpg', 'to-inside.jpg', 'to-file.jpg', 'round.jpg'])(
    'by the redirect %s is not followed',
    async (file) => {
      const outcomes = await byEveryWay(at(file));
      const codes = outcomes.map(({ code }) => code);
      expect(codes).toEqual(
        file === 'to-file.jpg' ? Array(2).fill('INPUT_INVALID') : Array(2).fill('DOWNLOAD_ERROR'),
      );
    },
  );

  test('by a name that changes its mind is not fetched, not on a redirect either', async () => {
    const item = { image_url: at('again.jpg', 'changes.test') };
    expect(await postSigned('/v1/embed/image', item)).toMatchObject({ status: 422, code: 'DOWNLOAD_ERROR' });
    asked.clear();
    // Asked once, the address that was checked is the one that is called.
    expect((await jobSigned({ image_url: at('good.jpg', 'changes.test') })).status).toBe('COMPLETED');
    expect(asked.get('changes.test')).toBe(1);
  });

  test.each([
    'file:///etc/passwd',
    'ftp://pictures.test/a.jpg',
    'data:text/html,x',
    'http://u:p@pictures.test/',
    'x',
  ])('by %s is no URL that is fetched', async (url) => {
    const outcomes = await byEveryWay(url);
    expect(outcomes.map(({ code }) => code)).toEqual(['INPUT_INVALID', 'INPUT_INVALID']);
  });
});

describe('what a URL answers', () => {
  test.each([
    ['hangs.jpg', 'DOWNLOAD_ERROR', 502],
    ['stops.jpg', 'DOWNLOAD_ERROR', 502],
    ['endless.jpg', 'DOWNLOAD_ERROR', 422],
    ['large.jpg', 'DOWNLOAD_ERROR', 422],
    ['claims-large.jpg', 'DOWNLOAD_ERROR', 422],
    ['claims-more.jpg', 'DOWNLOAD_ERROR', 502],
    ['gzipped.jpg', 'DOWNLOAD_ERROR', 422],
    ['zip-bomb.jpg', 'DOWNLOAD_ERROR', 422],
    ['missing.jpg', 'DOWNLOAD_ERROR', 502],
    ['empty.jpg', 'INPUT_INVALID', 400],
    ['page.jpg', 'INPUT_INVALID', 400],
    ['drawing.svg', 'INPUT_INVALID', 400],
    ['drawing-with-prolog.svg', 'INPUT_INVALID', 400],
    ['drawing.svgz', 'INPUT_INVALID', 400],
    ['gif-script.gif', 'INPUT_INVALID', 400],
    ['pdf.jpg', 'INPUT_INVALID', 400],
    ['zip.jpg', 'INPUT_INVALID', 400],
    ['cut.jpg', 'INPUT_INVALID', 400],
    ['bomb.png', 'INPUT_INVALID', 400],
    ['bomb.gif', 'INPUT_INVALID', 400],
    ['long.png', 'INPUT_INVALID', 400],
    ['line.png', 'INPUT_INVALID', 400],
  ])('is refused: %s', async (file, code, status) => {
    const [asJob, overHttp] = await byEveryWay(at(file));
    expect(asJob).toMatchObject({ status: 'FAILED', code });
    expect(overHttp).toMatchObject({ status, code });
    expect(overHttp?.message).toMatch(/^image_url:? .*[.]$/);
  });

  test('is refused where more comes than was said', async () => {
    // What is over is seen as a broken answer, or not at all; then the picture is cut off.
    for (const { code } of await byEveryWay(at('claims-less.jpg')))
      expect(['DOWNLOAD_ERROR', 'INPUT_INVALID']).toContain(code);
  });

  test('at a name that does not exist is told as that', async () => {
    const [asJob, overHttp] = await byEveryWay('http://nowhere.test/a.jpg');
    expect(asJob).toMatchObject({ code: 'DOWNLOAD_ERROR' });
    expect(overHttp).toMatchObject({ status: 502, message: expect.stringMatching(/there is no such host/) });
  });

  test('counts by its pixels, whatever is said of it or hangs on to it', async () => {
    const texts = await Promise.all(
      ['good.jpg', 'good-as-html.jpg', 'trailing-html.jpg'].map(async (file) => {
        const { status, text } = await postSigned('/v1/embed/image', { image_url: at(file) });
        expect(status).toBe(200);
        return (JSON.parse(text) as { embedding: number[] }).embedding;
      }),
    );
    expect(new Set(texts.map((vector) => vector.map((value) => value.toFixed(4)).join())).size).toBe(1);
  });
});

describe('an input', () => {
  const seventeen = Array<Fields>(17).fill({ image: IMAGE });
  const long = `http://pictures.test/${'a'.repeat(8_192)}`;
  const [batch, text, picture] = ['/v1/embed/image-batch', '/v1/embed/text', '/v1/embed/image'];

  /** As a job, and as a call where that has other fields. */
  test.each<[string, string, string, Fields, Fields?]>([
    ['17 in a batch', batch, 'BATCH_TOO_LARGE', { images: seventeen }, { items: seventeen }],
    ['an empty batch', batch, 'INPUT_INVALID', { images: [] }, { items: [] }],
    ['a batch that is none', batch, 'INPUT_INVALID', { images: 'x' }],
    ['an empty text', text, 'INPUT_INVALID', { text: '' }],
    ['a text of spaces', text, 'INPUT_INVALID', { text: ' \n' }],
    ['a text that is too long', text, 'INPUT_INVALID', { text: 'a'.repeat(10_001) }],
    ['a text that is none', text, 'INPUT_INVALID', { text: 7 }],
    ['nothing', picture, 'INPUT_INVALID', {}],
    ['a picture that is none', picture, 'INPUT_INVALID', { image: 'aGVsbG8=' }],
    ['broken base64', picture, 'INPUT_INVALID', { image: '@@' }],
    ['a picture in two ways', picture, 'INPUT_INVALID', { image: IMAGE, image_url: 'http://pictures.test/' }],
    ['a URL that is none', picture, 'INPUT_INVALID', { image_url: 7 }],
    ['a long URL', picture, 'INPUT_INVALID', { image_url: long }],
    ['a normalize that is none', picture, 'INPUT_INVALID', { image: IMAGE, normalize: 'yes' }],
    ['another model', picture, 'INPUT_INVALID', { image: IMAGE, model: 'ViT-L-14' }],
  ])('of %s is refused', async (_name, route, code, input, body = input) => {
    const [asJob, overHttp] = [await jobSigned(input), await postSigned(route, body)];
    expect(asJob).toMatchObject({ status: 'FAILED', code });
    expect(overHttp).toMatchObject({ status: 400, code });
    for (const outcome of [asJob, overHttp]) expectNothingOfTheInside(outcome);
  });

  test('of 17 texts in a job is refused', async () => {
    expect(await jobSigned({ texts: Array(17).fill('a') })).toMatchObject({ code: 'BATCH_TOO_LARGE' });
  });

  test('that fails in a batch leaves the others as they are, in their order', async () => {
    const items = [
      { image: IMAGE },
      { image_url: 'http://10.0.0.7/' },
      'x',
      { image: '@@', request_id: 'd' },
    ];
    const { status, text } = await postSigned('/v1/embed/image-batch', { items });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      results: [
        { dim: 512 },
        { error: { code: 'DOWNLOAD_ERROR' } },
        { error: { code: 'INPUT_INVALID' } },
        { request_id: 'd', error: { code: 'INPUT_INVALID' } },
      ],
      batch_timings: { total_ms: expect.any(Number) },
    });
  });

  test('that is no JSON object is refused', async () => {
    for (const body of ['{', '[]', '"x"']) {
      const reply = await fetch(`${pod.url}/v1/embed/image`, { method: 'POST', body });
      expect([reply.status, ((await reply.json()) as { error: { code: string } }).error.code]).toEqual([
        ...[400, 'INPUT_INVALID'],
      ]);
    }
  });
});

describe('a signature', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const url = () => at('good.jpg');
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
    const auth = signImageUrlV0(url(), { ...good, ts: now() - 7 });
    expect((await post(path, { image_url: url(), auth })).status).toBe(200);
    expect((await post(path, { image_url: url(), auth })).code).toBe('AUTH_FAILED');
    expect((await job({ image_url: url(), auth })).code).toBe('AUTH_FAILED');
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
    const auth = signImageUrlV0(url(), { ...good, ts: now() - 9 });
    expect((await post('/v1/embed/text', { text: 'a star', image_url: url(), auth })).status).toBe(401);
    expect((await job({ text: 'a star', image_url: url(), auth })).code).toBe('AUTH_FAILED');
    expect((await post('/v1/embeddings', { input: 'a star', image_url: url(), auth })).status).toBe(401);
    expect((await post('/v1/embed/image-batch', { items: [], image_url: url(), auth })).status).toBe(401);
  });

  test('that is wrong fails its item of a batch alone', async () => {
    const items = [
      { image_url: url(), auth: signImageUrlV0(url(), { ...good, ts: now() - 11 }) },
      { image_url: url(), request_id: 'b' },
    ];
    const { text } = await post('/v1/embed/image-batch', { items });
    expect(JSON.parse(text)).toMatchObject({
      results: [{ dim: 512 }, { request_id: 'b', error: { code: 'AUTH_FAILED' } }],
    });
  });
});
