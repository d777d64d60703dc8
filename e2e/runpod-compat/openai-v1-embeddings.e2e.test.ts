// The official OpenAI client gets embeddings of texts and pictures from the clip worker through the gateway: what it asks
// for by itself (base64), pictures as data URLs, long lists, errors as its own, and a call that is given up.
import { readFileSync } from 'node:fs';
import { signJob } from '@spillway/sdk/signing';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const SECRET = 'a secret of this test';
const YAML = `endpoints:
  clip:
    worker: clip
    hmac: true
    embeddingModels: [shapes]
    env: { EMBEDDING_HMAC_SECRET: '${SECRET}' }
    workers: { max: 1, idleTimeout: 10m }
  idle:
    backends: [pool]
    embeddingModels: [none]
`;

const shape = (name: string) => {
  const file = new URL(`../../packages/workers/test/fixtures/shapes/${name}.jpg`, import.meta.url);
  return `data:image/jpeg;base64,${readFileSync(file).toString('base64')}`;
};

interface Jobs {
  readonly jobs: readonly { id: string; status: string; endpoint: string }[];
}

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

describe('embeddings for the official OpenAI client', () => {
  let test: TestGateway;
  let openai: OpenAI;
  beforeAll(async () => {
    test = await startGateway(YAML);
    openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${test.url}/v1` });
  });
  afterAll(() => test.stop());

  const jobs = async () => ((await (await test.call('/v1/jobs')).json()) as Jobs).jobs;
  const embed = async (input: string | string[], more: { encoding_format?: 'float' | 'base64' } = {}) => {
    const { data } = await openai.embeddings.create({ model: 'shapes', input, ...more });
    return data.map(({ embedding }) => embedding);
  };

  it('a text and a picture: the same vector as base64, as the client asks by itself, and as numbers', async () => {
    const reply = await openai.embeddings.create({ model: 'shapes', input: ['a red star', shape('00')] });
    expect(reply.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(reply.usage.prompt_tokens).toBe(5);
    expect(reply.model).toContain('demo');
    expect((await jobs())[0]?.endpoint).toBe('clip');
    const plain = await embed(['a red star', shape('00')], { encoding_format: 'float' });
    for (const [at, vector] of plain.entries()) {
      expect(vector).toHaveLength(512);
      expect(cosine(vector, vector)).toBeCloseTo(1, 4);
      expect(cosine(vector, reply.data[at]?.embedding ?? [])).toBeCloseTo(1, 5);
    }
  });

  it('the same as a signed job gives', async () => {
    const [asked] = await embed('a blue circle');
    const input = { text: 'a blue circle' };
    const reply = await test.call('/v2/clip/runsync', {
      json: { input: { ...input, auth: signJob('clip', input, { secret: SECRET }) } },
    });
    const { output } = (await reply.json()) as { output: { embedding: number[] } };
    expect(cosine(asked ?? [], output.embedding)).toBeCloseTo(1, 5);
  });

  it('a long list in its order, over several jobs', async () => {
    const before = (await jobs()).length;
    const colours = ['red', 'green', 'blue', 'yellow', 'purple'];
    const texts = ['star', 'circle', 'square', 'triangle'].flatMap((name) =>
      colours.map((colour) => `a ${colour} ${name}`),
    );
    const vectors = await embed([...texts, shape('01')]);
    expect(vectors).toHaveLength(21);
    expect((await jobs()).length).toBe(before + 2);
    for (const at of [0, 17, 19]) {
      const [alone] = await embed(texts[at] ?? '');
      const nearest = vectors.map((vector) => cosine(vector, alone ?? []));
      expect(nearest.indexOf(Math.max(...nearest))).toBe(at);
    }
  });

  it('errors as its own: a picture that is none, an unknown model, a stranger', async () => {
    const broken = ['a', 'data:image/png;base64,aGVsbG8='];
    await expect(embed(broken)).rejects.toThrow(BadRequestError);
    await expect(embed(broken)).rejects.toMatchObject({
      message: expect.stringContaining('input.1') as string,
      param: 'input',
    });
    await expect(openai.embeddings.create({ model: 'gpt', input: 'x' })).rejects.toThrow(NotFoundError);
    const stranger = openai.withOptions({ apiKey: 'wrong' });
    await expect(stranger.embeddings.create({ model: 'shapes', input: 'x' })).rejects.toThrow(
      AuthenticationError,
    );
  });

  it('a call that is given up cancels its jobs', async () => {
    const leaving = new AbortController();
    const asked = openai.embeddings.create({ model: 'none', input: 'x' }, { signal: leaving.signal });
    asked.catch(() => undefined);
    await until(async () => (await jobs())[0]?.endpoint === 'idle');
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await until(async () => (await jobs())[0]?.status === 'CANCELLED');
  });
});
