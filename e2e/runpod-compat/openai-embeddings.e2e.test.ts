// The official npm client of OpenAI and the clip worker: at the worker's own HTTP face with its key, and at the gateway's
// OpenAI route, where the call reaches the worker as a job.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { builtInWorkers } from '@spillway/workers';
import OpenAI, { type APIError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const SHAPES = new URL('../../packages/workers/test/fixtures/shapes/', import.meta.url);
const dataUrl = (file: string) =>
  `data:image/jpeg;base64,${readFileSync(new URL(file, SHAPES)).toString('base64')}`;

interface Place {
  readonly baseURL: string;
  readonly apiKey: string;
  stop(): Promise<void>;
}

/** The worker as a pod, with a key and with a secret that OpenAI's clients know nothing of. */
async function startPod(): Promise<Place> {
  const [program = '', ...args] = builtInWorkers.clip?.command ?? [];
  const env = {
    ...process.env,
    ...{ RUNPOD_SERVERLESS: 'false', API_PORT: '0', API_KEY: 'pod-key', EMBEDDING_HMAC_SECRET: 'secret' },
  };
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let told = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes('clip is ready')) resolve();
    });
    child.once('exit', () => reject(new Error(told)));
  });
  return {
    baseURL: `${/http:\/\/[\d.:]+/.exec(told)?.[0]}/v1`,
    apiKey: 'pod-key',
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function startBehindGateway(): Promise<Place> {
  const test: TestGateway = await startGateway(
    'endpoints:\n  clip:\n    worker: clip\n    env: { EMBEDDING_AUTH: "off" }\n',
  );
  return { baseURL: `${test.url}/v2/clip/openai/v1`, apiKey: ADMIN_KEY, stop: () => test.stop() };
}

const dot = (a: readonly number[] = [], b: readonly number[] = []) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

describe.each([
  ['at the worker itself', startPod],
  ['behind the gateway', startBehindGateway],
])('embeddings %s', (_name, start) => {
  let place: Place;
  let openai: OpenAI;
  beforeAll(async () => {
    place = await start();
    openai = new OpenAI({ ...place, maxRetries: 0 });
  });
  afterAll(() => place.stop());

  it('are of texts, one or several, and count tokens', async () => {
    const one = await openai.embeddings.create({ model: 'demo-clip', input: 'a photo of red stars' });
    expect(one.model).toBe('demo-clip');
    expect(one.usage.prompt_tokens).toBeGreaterThan(5);
    expect(dot(one.data[0]?.embedding, one.data[0]?.embedding)).toBeCloseTo(1, 5);
    const two = await openai.embeddings.create({
      ...{ model: 'demo-clip', input: ['a photo of blue rings', 'a photo of red stars'] },
    });
    expect(two.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(dot(two.data[1]?.embedding, one.data[0]?.embedding)).toBeCloseTo(1, 4);
  });

  it('are the same as numbers and as base64, which the client asks for by itself', async () => {
    const ask = { model: 'demo-clip', input: 'a star' };
    const plain = await openai.embeddings.create({ ...ask, encoding_format: 'float' });
    const packed = await openai.embeddings.create(ask);
    expect(packed.data[0]?.embedding).toHaveLength(512);
    expect(dot(packed.data[0]?.embedding, plain.data[0]?.embedding)).toBeCloseTo(1, 5);
  });

  it('are of pictures, in the space of the texts', async () => {
    const truth = JSON.parse(readFileSync(new URL('truth.json', SHAPES), 'utf8')) as {
      file: string;
      colour: string;
    }[];
    const [first = { file: '', colour: '' }] = truth;
    const other = truth.find(({ colour }) => colour !== first.colour)?.colour;
    const { data, usage } = await openai.embeddings.create({
      model: 'demo-clip',
      input: [dataUrl(first.file), `a photo of ${first.colour} shapes`, `a photo of ${other} shapes`],
    });
    const [picture, right, wrong] = data.map(({ embedding }) => embedding);
    expect(dot(picture, right)).toBeGreaterThan(dot(picture, wrong));
    expect(usage.prompt_tokens).toBeGreaterThan(10);
  });

  it('are refused with the status and the code that the client knows', async () => {
    const refusal = async (body: object): Promise<APIError> => {
      const failed = openai.embeddings.create({ model: 'demo-clip', input: 'a', ...body });
      return failed.then(
        () => expect.fail('it was answered'),
        (error: unknown) => error as APIError,
      );
    };
    const model = await refusal({ model: 'text-embedding-3-small' });
    expect(model).toBeInstanceOf(NotFoundError);
    expect(model).toMatchObject({ code: 'model_not_found', param: 'model' });
    const cut = await refusal({ dimensions: 256 });
    expect(cut).toBeInstanceOf(BadRequestError);
    expect(cut).toMatchObject({ param: 'dimensions', message: expect.stringMatching(/have 512 numbers/) });
    expect(
      (await openai.embeddings.create({ model: 'demo-clip', input: 'a', dimensions: 512 })).data,
    ).toHaveLength(1);
    expect(await refusal({ input: '' })).toMatchObject({ status: 400, code: 'INPUT_INVALID' });
    const many = Array(17).fill(dataUrl('00.jpg'));
    expect(await refusal({ input: many })).toMatchObject({ status: 400, code: 'BATCH_TOO_LARGE' });
    const inside = await refusal({ input: 'http://127.0.0.1:9/a.jpg' });
    expect(inside).toMatchObject({ code: 'DOWNLOAD_ERROR', param: 'input' });
    expect(inside.message).toMatch(/not on the public internet/);
  });

  it('come from the model that is listed', async () => {
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toEqual(['demo-clip']);
  });

  it('want the key', async () => {
    const stranger = new OpenAI({ baseURL: place.baseURL, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.embeddings.create({ model: 'demo-clip', input: 'a' })).rejects.toThrow(
      AuthenticationError,
    );
  });
});
