import { createReplayGuard, createVerifier, signImageUrlV0, signJob, signV1 } from '@spillway/sdk/signing';
import { runHandler } from '@spillway/sdk/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import { InputError } from '../media/input-error.ts';
import { createClipService } from './clip-service.ts';
import type { Embedder } from './embedder.ts';
import { createClipHandler } from './handler.ts';

const URL = 'https://images.example.com/a.jpg';
const SECRET = 'test-secret';
const TS = 1_700_000_000;

let downloads: string[];
let time: number;
beforeEach(() => {
  downloads = [];
  time = 0;
});

const embedder: Embedder = {
  async embedPicture(bytes) {
    time += 5;
    if (bytes.length === 0) throw new InputError('image_url is empty.', 'image_url');
    if (bytes[0] === 66) throw new Error('the session broke');
    return Float32Array.from([3, 4]);
  },
  embedText: async () => Float32Array.from([0, 2]),
  countTokens: (words) => words.split(' ').length + 2,
  stop: async () => {},
};

function handlerWith({ isSigned = false, texts = true } = {}) {
  const service = createClipService({
    embedder: texts ? embedder : { ...embedder, embedText: undefined },
    name: { model: 'ViT-B-32', pretrained: 'openai' },
    async download(url) {
      downloads.push(url);
      time += 20;
      return Buffer.from(url.endsWith('broken') ? 'B' : 'A');
    },
    now: () => time,
  });
  const now = () => TS * 1000;
  const replays = createReplayGuard({ now });
  const verifier = isSigned ? createVerifier({ secrets: [SECRET], now, replays }) : undefined;
  return createClipHandler({ service, verifier, now: () => time });
}

describe('a clip job', () => {
  test('answers a picture as the contract has it', async () => {
    const run = await runHandler(handlerWith(), { image_url: URL, request_id: 'r1', normalize: true });
    expect(run).toMatchObject({
      status: 'COMPLETED',
      output: {
        request_id: 'r1',
        dim: 2,
        model: 'ViT-B-32',
        pretrained: 'openai',
        normalized: true,
        timings: { download_ms: 20, inference_ms: 5, total_ms: 25 },
      },
    });
    const { embedding } = run.output as { embedding: number[] };
    expect(embedding.map((value) => value.toFixed(4))).toEqual(['0.6000', '0.8000']);
  });

  test('leaves a vector as the model gave it where that is asked, and names no request that named none', async () => {
    const run = await runHandler(handlerWith(), { image_url: URL, normalize: false });
    expect(run.output).toMatchObject({ embedding: [3, 4], normalized: false });
    expect(run.output).not.toHaveProperty('request_id');
  });

  test('embeds texts, one or several', async () => {
    expect((await runHandler(handlerWith(), { text: 'a star' })).output).toMatchObject({ embedding: [0, 1] });
    const several = await runHandler(handlerWith(), { texts: ['a', 'b'] });
    expect(several.output).toMatchObject({ results: [{ dim: 2 }, { dim: 2 }] });
    const none = await runHandler(handlerWith({ texts: false }), { text: 'a star' });
    expect(none).toMatchObject({ status: 'FAILED', error: expect.stringMatching(/has no text tower/) });
  });

  test('keeps the order of a batch, and the error of one item is its own', async () => {
    const images = [
      { image_url: URL, request_id: 'a' },
      { image_url: `${URL}/broken`, request_id: 'b' },
      { request_id: 'c' },
      { image_url: URL, normalize: false },
    ];
    const { output, status } = await runHandler(handlerWith(), { images });
    expect(status).toBe('COMPLETED');
    expect(output).toMatchObject({
      results: [
        { request_id: 'a', normalized: true },
        { request_id: 'b', error: { code: 'INFERENCE_ERROR' } },
        { request_id: 'c', error: { code: 'INPUT_INVALID' } },
        { embedding: [3, 4], normalized: false },
      ],
      batch_timings: { total_ms: expect.any(Number) },
    });
    expect(JSON.stringify(output)).not.toContain('the session broke');
  });

  test('refuses another model than it runs', async () => {
    const run = await runHandler(handlerWith(), { image_url: URL, model: 'ViT-L-14' });
    expect(run.error).toBe('model: this worker runs ViT-B-32 (openai); got "ViT-L-14".');
    expect(run.output).toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('a signed clip job', () => {
  const auth = (ts = TS) => signImageUrlV0(URL, { secret: SECRET, ts });

  test('is answered, in the old version and in the new', async () => {
    const handler = handlerWith({ isSigned: true });
    expect((await runHandler(handler, { image_url: URL, auth: auth() })).status).toBe('COMPLETED');
    const input = { text: 'a star' };
    const signed = { ...input, auth: signJob('', input, { secret: SECRET, ts: TS }) };
    expect((await runHandler(handler, signed)).status).toBe('COMPLETED');
  });

  test.each([
    ['is not signed', { image_url: URL }],
    ['is signed for another URL', { image_url: `${URL}?w=1`, auth: auth() }],
    ['is signed too early', { image_url: URL, auth: auth(TS - 121) }],
    ['is signed too late', { image_url: URL, auth: auth(TS + 121) }],
    ['has a picture that no signature covers', { image: 'abcd', auth: auth() }],
    ['asks for a text with the signature of a URL', { image_url: URL, text: 'a star', auth: auth() }],
    [
      'asks for other pictures with the signature of a URL',
      { image_url: URL, images: [{ image_url: `${URL}/2` }], auth: auth() },
    ],
    ['has a text that the old version does not cover', { text: 'a star', auth: auth() }],
  ])('that %s fails before anything is fetched', async (_name, input) => {
    const run = await runHandler(handlerWith({ isSigned: true }), { ...input, request_id: 'r' });
    expect(run).toMatchObject({
      status: 'FAILED',
      error: 'Authentication failed',
      output: { error: 'Authentication failed', request_id: 'r' },
    });
    expect(downloads).toEqual([]);
  });

  test('counts once', async () => {
    const handler = handlerWith({ isSigned: true });
    const input = { image_url: URL, auth: auth() };
    expect((await runHandler(handler, input, { jobId: 'a' })).status).toBe('COMPLETED');
    expect((await runHandler(handler, input, { jobId: 'b' })).error).toBe('Authentication failed');
    expect((await runHandler(handler, input, { jobId: 'a' })).status).toBe('COMPLETED');
  });

  test('of a batch may be signed item by item', async () => {
    const images = [{ image_url: URL, auth: auth() }, { image_url: `${URL}/2` }];
    const { output } = await runHandler(handlerWith({ isSigned: true }), { images });
    expect(output).toMatchObject({
      results: [{ dim: 2 }, { error: { code: 'AUTH_FAILED', message: 'Authentication failed' } }],
    });
    expect(downloads).toEqual([URL]);
  });

  test('of a batch may name a picture twice', async () => {
    const images = [
      { image_url: URL, auth: auth() },
      { image_url: URL, auth: auth() },
    ];
    const { output } = await runHandler(handlerWith({ isSigned: true }), { images });
    expect(output).toMatchObject({ results: [{ dim: 2 }, { dim: 2 }] });
  });
});

describe('a call of OpenAI’s API that comes as a job', () => {
  const call = (openai_input: object, more: object = {}) => ({
    openai_route: '/v1/embeddings',
    openai_input,
    ...more,
  });

  test('is answered as OpenAI would', async () => {
    const run = await runHandler(handlerWith(), call({ model: 'ViT-B-32', input: ['a star', 'b'] }));
    expect(run).toMatchObject({
      status: 'COMPLETED',
      output: {
        ...{ object: 'list', model: 'ViT-B-32', usage: { prompt_tokens: 7, total_tokens: 7 } },
        data: [
          { object: 'embedding', index: 0, embedding: [0, 1] },
          { object: 'embedding', index: 1, embedding: [0, 1] },
        ],
      },
    });
  });

  test.each([
    [{ model: 'gpt', input: 'a' }, 'model_not_found', 'model', /^model: "gpt" does not run here/],
    [{ input: 'a', dimensions: 3 }, 'INPUT_INVALID', 'dimensions', /have 2 numbers and cannot be cut/],
    [{ input: ['a', ''] }, 'INPUT_INVALID', 'input', /^The request: input.1: is empty/],
    [{ input: ['a', 'data:image/png;base64,@@'] }, 'INPUT_INVALID', 'input', /^input.1: image is not valid/],
    [{ input: `${URL}/broken` }, 'INFERENCE_ERROR', 'input', /could not be embedded/],
  ])('%j is refused as an error object', async (body, code, param, message) => {
    const run = await runHandler(handlerWith(), call(body));
    expect(run.status).toBe('FAILED');
    expect(JSON.parse(run.error ?? '')).toMatchObject({
      code,
      param,
      message: expect.stringMatching(message),
    });
  });

  test('of another kind is refused, naming what there is', async () => {
    const run = await runHandler(handlerWith(), { openai_route: '/v1/chat/completions', openai_input: {} });
    expect(JSON.parse(run.error ?? '')).toMatchObject({ code: 'NOT_FOUND', type: 'not_found_error' });
    const models = await runHandler(handlerWith(), { openai_route: '/v1/models', openai_input: {} });
    expect(models.output).toMatchObject({ data: [{ id: 'ViT-B-32' }] });
  });

  test('is signed as a job, or as a call of the worker’s own route', async () => {
    const handler = handlerWith({ isSigned: true });
    const options = { secret: SECRET, ts: TS };
    const unsigned = await runHandler(handler, call({ input: 'a' }));
    expect(JSON.parse(unsigned.error ?? '')).toMatchObject({
      ...{ message: 'Authentication failed', type: 'authentication_error', code: 'AUTH_FAILED' },
    });
    const job = call({ input: 'a' });
    const byJob = await runHandler(handler, { ...job, auth: signJob('', job, options) });
    expect(byJob.status).toBe('COMPLETED');
    const request = { method: 'POST', path: '/v1/embeddings', body: { input: 'a' } };
    const byCall = await runHandler(handler, call({ input: 'a', auth: signV1(request, options) }));
    expect(byCall.status).toBe('COMPLETED');
    const url = { image_url: URL, auth: auth() };
    expect((await runHandler(handler, call({ input: 'a' }, url))).status).toBe('FAILED');
  });

  const auth = () => signImageUrlV0(URL, { secret: SECRET, ts: TS });
});
