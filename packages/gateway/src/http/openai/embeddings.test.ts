import { createReplayGuard, createVerifier } from '@spillway/sdk/signing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../test-app.ts';

const PATH = '/v1/embeddings';

interface Taken {
  readonly id: string;
  readonly input: Record<string, unknown> & {
    readonly openai_route: string;
    readonly openai_input: Record<string, unknown>;
  };
}

const texts = (count: number) => Array.from({ length: count }, (_, at) => `text ${at}`);

describe('embeddings by OpenAI’s API', () => {
  let test: TestApp;
  beforeEach(() => {
    test = createTestApp({ embeddingModels: ['ViT-B-32', 'small'] });
  });
  afterEach(async () => {
    expect(await test.stop()).toBe(0);
  });

  const ask = (body: unknown, query = '') => test.call('POST', `${PATH}${query}`, body);
  const take = async (worker?: string) => JSON.parse(await test.take(worker)) as Taken;
  /** What a worker answers to so many items: vectors that say where they come from. */
  const answerOf = (worker: number, size: number) => {
    const entries = Array.from(
      { length: size },
      (_, at) => `{"object":"embedding","index":${at},"embedding":[${worker},${at}.50]}`,
    );
    const usage = `{"prompt_tokens":${size * 2},"total_tokens":${size * 2}}`;
    return `{"output":{"object":"list","data":[${entries.join(',')}],"model":"demo","usage":${usage}}}`;
  };

  it('asks the endpoint that has the model, with the worker’s own name for it left out', async () => {
    const held = ask('{"input":"a cat","model":"small","encoding_format":"base64","dimensions":8.0}');
    const { id, input } = await take();
    expect(input).toEqual({
      openai_route: '/v1/embeddings',
      openai_input: { input: 'a cat', encoding_format: 'base64', dimensions: 8 },
    });
    await test.done(id, answerOf(1, 1));
    const reply = await held;
    expect(reply.headers['x-request-id']).toBe(id);
    expect(reply.body).toBe(
      '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,0.50]}],"model":"demo","usage":{"prompt_tokens":2,"total_tokens":2}}',
    );
  });

  it('splits a long list into jobs of 16, which run side by side, and answers in the order of the list', async () => {
    const held = ask({ input: texts(40), model: 'ViT-B-32' });
    const taken = [await take('w1'), await take('w2'), await take('w3')];
    expect(taken.map(({ input }) => input.openai_input.input)).toEqual([
      texts(40).slice(0, 16),
      texts(40).slice(16, 32),
      texts(40).slice(32),
    ]);
    for (const at of [2, 0, 1])
      await test.done(taken[at]?.id ?? '', answerOf(at + 1, [16, 16, 8][at] ?? 0), `w${at + 1}`);
    const reply = (await held).json<{
      data: { index: number; embedding: [number, number] }[];
      usage: object;
    }>();
    expect(reply.data.map(({ index }) => index)).toEqual(Array.from({ length: 40 }, (_, at) => at));
    expect(reply.data.map(({ embedding }) => embedding)).toEqual([
      ...Array.from({ length: 16 }, (_, at) => [1, at + 0.5]),
      ...Array.from({ length: 16 }, (_, at) => [2, at + 0.5]),
      ...Array.from({ length: 8 }, (_, at) => [3, at + 0.5]),
    ]);
    expect(reply.usage).toEqual({ prompt_tokens: 80, total_tokens: 80 });
  });

  it('takes more pictures than a worker takes at once', async () => {
    const picture = 'data:image/png;base64,iVBORw0KGgo=';
    const held = ask({ input: Array(20).fill(picture), model: 'small' });
    for (const [worker, size] of [16, 4].entries())
      await test.done((await take()).id, answerOf(worker, size));
    expect((await held).json<{ data: unknown[] }>().data).toHaveLength(20);
  });

  it('where one part fails there is no answer, its place is that in the list, and the others are ended', async () => {
    const held = ask({ input: texts(33), model: 'ViT-B-32' });
    const [first, second] = [await take('w1'), await take('w2')];
    const stop = test.call('GET', '/v2/echo/job-stop/w1');
    const report = { error: 'input.3: is empty', failure: { type: 'INPUT_INVALID', message: 'x' } };
    await test.done(second.id, JSON.stringify(report), 'w2');
    const reply = await held;
    expect(reply.statusCode).toBe(400);
    expect(reply.headers['x-should-retry']).toBe('false');
    expect(reply.json()).toMatchObject({ error: { message: 'input.19: is empty' } });
    expect((await stop).json()).toEqual({ jobsToStop: [first.id] });
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 0, inProgress: 0 });
  });

  it('a client that leaves ends all its jobs, running or not', async () => {
    const held = ask({ input: texts(32), model: 'ViT-B-32' }).catch(() => 'gone');
    await take();
    test.hangUp(PATH);
    expect(await held).toBe('gone');
    await test.clock.settle();
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 0, inProgress: 0 });
  });

  it('ends its jobs when the wait is over, and says what they waited for', async () => {
    const held = ask({ input: 'x', model: 'ViT-B-32' }, '?wait=1000');
    await test.clock.advance(1_000);
    const reply = await held;
    expect(reply.statusCode).toBe(504);
    expect(reply.json()).toMatchObject({
      error: { message: expect.stringContaining('a worker is starting') as string },
    });
    expect(test.queue.counts('echo').inQueue).toBe(0);
  });

  it.each([
    ['nothing', '{"output":[]}'],
    ['another number of vectors', answerOf(1, 2)],
    ['something else', '{"output":{"embedding":[1]}}'],
  ])('a worker that answers %s is told from an answer', async (_name, report) => {
    const held = ask({ input: 'x', model: 'ViT-B-32' });
    await test.done((await take()).id, report);
    expect((await held).statusCode).toBe(502);
  });

  it.each([
    ['no input', { model: 'small' }, 400, 'input', /^input: expected text/],
    ['tokens', { input: [1, 2], model: 'small' }, 400, 'input', /token numbers/],
    ['a wrong item', { input: ['a', {}], model: 'small' }, 400, 'input', /^input\.1: expected text/],
    [
      'an empty text far down',
      { input: [...texts(40), ''], model: 'small' },
      400,
      'input',
      /^input\.40: is empty/,
    ],
    ['too many', { input: texts(2049), model: 'small' }, 400, 'input', /holds 2049; expected at most 2048/],
    ['an empty list', { input: [], model: 'small' }, 400, 'input', /is empty/],
    [
      'a wrong format',
      { input: 'a', model: 'small', encoding_format: 'hex' },
      400,
      'encoding_format',
      /float/,
    ],
    ['an unknown model', { input: 'a', model: 'gpt' }, 404, 'model', /"gpt" does not exist.*ViT-B-32, small/],
    ['no model', { input: 'a' }, 400, 'model', /missing/],
    ['no object', '[1]', 400, null, /not a JSON object/],
  ])('refuses %s in OpenAI’s form, without a job', async (_name, body, status, param, message) => {
    const reply = await ask(body);
    expect(reply.statusCode).toBe(status);
    const { error } = reply.json<{ error: { message: string; param: string | null } }>();
    expect(error.message).toMatch(message);
    expect(error.param).toBe(param);
    expect(test.queue.counts('echo').inQueue).toBe(0);
  });

  it('is for keys of clients, and for the endpoints that they are for', async () => {
    const as = (authorization: string) => ({
      headers: { authorization, 'content-type': 'application/json' },
    });
    const body = { input: 'x', model: 'ViT-B-32' };
    expect((await test.call('POST', PATH, body, as('wrong'))).json()).toMatchObject({
      error: { code: 'UNAUTHORIZED', type: 'authentication_error' },
    });
    const viewer = test.keys.create({ name: 'eyes', scope: 'viewer' });
    expect((await test.call('POST', PATH, body, as(viewer.secret))).statusCode).toBe(403);
    const none = test.keys.create({ name: 'x', scope: 'client', endpoints: ['elsewhere'] });
    const reply = await test.call('POST', PATH, body, as(none.secret));
    expect(reply.statusCode).toBe(404);
    expect(reply.body).not.toContain('small');
    const other = test.keys.create({ name: 'o', scope: 'client', endpoints: ['other'] });
    const held = test.call('POST', PATH, { input: 'x' }, as(other.secret));
    const taken = (await test.call('GET', '/v2/other/job-take/w1')).json<Taken>();
    await test.call('POST', `/v2/other/job-done/w1/${taken.id}`, answerOf(1, 1));
    expect((await held).statusCode).toBe(200);
  });
});

it('gives workers that want one a signature of now, whatever was verified of the call', async () => {
  const signing = { isVerified: true, secrets: ['s'], windowSeconds: 120 };
  const test = createTestApp({ embeddingModels: ['m'], signing });
  const held = test.call('POST', PATH, { input: 'x', model: 'm' });
  await test.clock.advance(250_000);
  const { id, input } = JSON.parse(await test.take()) as Taken;
  const now = test.clock.now;
  const { verify } = createVerifier({ secrets: ['s'], now, replays: createReplayGuard({ now }) });
  expect(verify(input.auth, { v1: { method: 'JOB', path: 'echo', body: input } })).toBeUndefined();
  await test.done(id, '{"error":"x"}');
  expect((await held).statusCode).toBe(500);
  await test.stop();
});
