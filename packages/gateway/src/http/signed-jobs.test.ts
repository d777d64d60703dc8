import { createReplayGuard, createVerifier, jobTextV0, signImageUrlV0, signJob } from '@spillway/sdk/signing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

const SECRET = 'a secret of the tests';
const URL = 'https://images.example.com/a.jpg';
const SIGNING = { isVerified: true, secrets: [SECRET], windowSeconds: 120 };

const REFUSED = {
  status: 'FAILED',
  error: 'Authentication failed',
  output: { error: 'Authentication failed', request_id: 'r1' },
};

interface Taken {
  readonly id: string;
  readonly input: Record<string, unknown> & { auth?: unknown; images?: { auth?: unknown }[] };
}

describe('an endpoint with hmac', () => {
  let test: TestApp;
  beforeEach(() => {
    test = createTestApp({ signing: SIGNING });
  });
  afterEach(async () => {
    expect(await test.stop()).toBe(0);
  });

  const seconds = () => Math.floor(test.clock.now() / 1000);
  const INPUT = { image_url: URL, request_id: 'r1' };
  const v0 = (url = URL, ts = seconds(), secret = SECRET) => ({
    ...INPUT,
    image_url: url,
    auth: signImageUrlV0(url, { secret, ts }),
  });
  const v1 = (input: Record<string, unknown> = INPUT, secret = SECRET, ts = seconds()) => ({
    ...input,
    auth: signJob('echo', input, { secret, ts }),
  });
  const run = async (input: unknown) =>
    (await test.call('POST', '/v2/echo/run', { input })).json<{ id: string; status: string }>();
  const status = async (id: string) =>
    (await test.call('GET', `/v2/echo/status/${id}`)).json<Record<string, unknown>>();
  const take = async (worker?: string) => JSON.parse(await test.take(worker)) as Taken;

  /** Looks at signatures as a worker does, at this moment, and remembers them as one does. */
  function worker() {
    const now = test.clock.now;
    const { verify } = createVerifier({ secrets: [SECRET], now, replays: createReplayGuard({ now }) });
    return (input: Taken['input']) =>
      verify(input.auth, {
        v0:
          typeof input.image_url === 'string' ? (ts) => [jobTextV0(String(input.image_url), ts)] : undefined,
        v1: { method: 'JOB', path: 'echo', body: input },
      });
  }

  it.each([
    ['version 0', () => v0()],
    ['version 1', () => v1()],
  ])(
    'gives a worker that gets the job hours later a signature of now, of the caller’s %s',
    async (_v, make) => {
      const input = make();
      const { id } = await run(input);
      await test.clock.advance(3 * 3_600_000);
      const taken = await take();
      expect(worker()(taken.input)).toBeUndefined();
      expect(Object.keys(taken.input.auth ?? {})).toEqual(Object.keys(input.auth));
      expect(taken).toMatchObject({ id, input: INPUT });
    },
  );

  it('gives each attempt one of its own', async () => {
    const { id } = await run(v1());
    const check = worker();
    const first = await take();
    await test.workerLost('w1', { type: 'WORKER_CRASHED', message: 'gone' });
    await test.clock.advance(600_000);
    const second = await take('w2');
    expect(second.id).toBe(id);
    expect(first.input.auth).not.toEqual(second.input.auth);
    expect(check(second.input)).toBeUndefined();
    await test.done(id, '{"error":"no luck"}', 'w2');
    await test.clock.advance(600_000);
    expect(await test.call('POST', `/v2/echo/retry/${id}`)).toMatchObject({ statusCode: 200 });
    expect(check((await take('w3')).input)).toBeUndefined();
  });

  it('gives jobs with the same picture different signatures, though they go out in one second', async () => {
    const ids = [];
    for (let n = 0; n < 3; n += 1) {
      ids.push((await run(v0())).id);
      await test.clock.advance(1_000);
    }
    const check = worker();
    for (const id of ids) {
      const taken = await take(`w-${id}`);
      expect([taken.id, check(taken.input)]).toEqual([id, undefined]);
    }
  });

  it.each([
    ['no signature', () => INPUT],
    ['null', () => ({ ...INPUT, auth: null })],
    ['one of another secret', () => v1(INPUT, 'wrong')],
    ['one of the older version for more than the picture', () => ({ ...v0(), text: 'a star' })],
    ['one of another picture', () => ({ ...INPUT, auth: v0(`${URL}?2`).auth })],
    [
      'one of another endpoint',
      () => ({ ...INPUT, auth: signJob('other', INPUT, { secret: SECRET, ts: seconds() }) }),
    ],
    ['one that is too old', () => v0(URL, seconds() - 121)],
    ['one of the future', () => v1(INPUT, SECRET, seconds() + 121)],
    ['no signature at all', () => ({ ...INPUT, auth: { ts: '1', sig: 'x' } })],
  ])('%s: the job has failed at once, and no worker ever gets it', async (_name, make) => {
    const { id, status: said } = await run(make());
    expect(said).toBe('FAILED');
    expect(await status(id)).toMatchObject(REFUSED);
    const refused = await test.call('POST', `/v2/echo/retry/${id}`);
    expect(refused.json()).toMatchObject({ status: 409, code: 'JOB_NOT_RETRYABLE' });
    expect((await test.call('POST', '/v1/jobs/retry', { all: true })).json()).toEqual({ retried: 0 });
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 0, ready: 0, failed: 1 });
    const good = await run(v1());
    expect((await take()).id).toBe(good.id);
  });

  it('a signature that was used before is refused, for whatever it is used again', async () => {
    const [older, newer] = [v0(), v1()];
    for (const input of [older, newer]) {
      expect(await run(input)).toMatchObject({ status: 'IN_QUEUE' });
      expect(await run(input)).toMatchObject({ status: 'FAILED' });
    }
    // Version 0 does not say for which endpoint it is.
    const elsewhere = await test.call('POST', '/v2/other/run', { input: older });
    expect(elsewhere.json()).toMatchObject({ status: 'FAILED' });
    await test.clock.advance(300_000);
    expect(await run(older)).toMatchObject({ status: 'FAILED' });
  });

  it('stores and shows no signature, and what stands in its place is none', async () => {
    const input = v1();
    const { id } = await run(input);
    const shown = await test.call('GET', `/v1/jobs/${id}`);
    expect(shown.body).not.toContain(input.auth.sig);
    const stored = shown.json<{ input: Record<string, unknown> }>().input;
    expect(stored).toMatchObject(INPUT);
    expect(await run(stored)).toMatchObject({ status: 'FAILED' });
    const refused = await run(v1(INPUT, 'wrong'));
    expect((await test.call('GET', `/v1/jobs/${refused.id}`)).json()).toMatchObject({ input: INPUT });
  });

  it('keeps numbers digit for digit', async () => {
    const input = { text: 'x', big: 1.5 };
    const { auth } = v1(input);
    await run({ ...input, auth });
    await test.call(
      'POST',
      '/v2/echo/run',
      `{"input":{"text":"x", "big":1.50 ,"auth":${JSON.stringify(v1(input).auth)}}}`,
    );
    await take();
    expect(await test.take('w2')).toContain('"big":1.50');
  });

  it('takes a batch that is signed item by item, and leaves what is not signed to the worker', async () => {
    const items = [v0(), { ...INPUT, image_url: `${URL}?2` }, v1({ image_url: `${URL}?3` })];
    expect(await run({ images: items })).toMatchObject({ status: 'IN_QUEUE' });
    await test.clock.advance(600_000);
    const { input } = await take();
    const check = worker();
    expect(input.images?.map((item) => check(item))).toEqual([undefined, 'MISSING', undefined]);
    expect(await run({ images: [items[1]] })).toMatchObject({ status: 'FAILED' });
    const twice = v0(`${URL}?4`);
    expect(await run({ images: [twice, twice] })).toMatchObject({ status: 'IN_QUEUE' });
    const both = (await take('w3')).input.images ?? [];
    expect(both.map((item) => check(item))).toEqual([undefined, undefined]);
    const whole = { images: [{ image_url: URL }, { image_url: `${URL}?2` }] };
    expect(await run(v1(whole))).toMatchObject({ status: 'IN_QUEUE' });
    expect(check((await take('w2')).input)).toBeUndefined();
  });

  it('answers runsync and webhooks with the refusal, too', async () => {
    const waited = await test.call('POST', '/v2/echo/runsync', {
      input: INPUT,
      webhook: 'https://example.test/hook',
    });
    expect(waited.json()).toMatchObject(REFUSED);
    const { id } = waited.json<{ id: string }>();
    expect((await test.call('GET', `/v1/jobs/${id}/deliveries`)).json()).toMatchObject({
      deliveries: [{ jobId: id }],
    });
  });

  it('knows a submit under the same Idempotency-Key with its signature, or with another one', async () => {
    const submit = (input: unknown, key = 'k1') =>
      test.call(
        'POST',
        '/v1/jobs',
        { endpoint: 'echo', input },
        {
          headers: { authorization: 'spk_admin-key-of-the-tests', 'idempotency-key': key },
        },
      );
    const refused = await submit(v1(INPUT, 'wrong'));
    expect([refused.statusCode, refused.json<{ status: string }>().status]).toEqual([201, 'FAILED']);
    const input = v1();
    const first = await submit(input);
    expect(first.json()).toMatchObject({ status: 'IN_QUEUE' });
    for (const again of [input, v1(), v0()]) {
      const reply = await submit(again);
      expect(reply.headers['idempotency-replayed']).toBe('true');
      expect(reply.json()).toEqual(first.json());
    }
    expect((await submit(v1({ image_url: `${URL}?2` }))).json()).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    // The same signature under another key is another use of it.
    expect((await submit(input, 'k2')).json()).toMatchObject({ status: 'FAILED' });
  });

  it('verifies requests of a batch when they are added, and they may wait', async () => {
    await test.batches.start();
    const [one, two] = [v0(), v1({ text: 'x' })];
    const refused = await test.call('POST', '/v2/echo/batch', [{ input: one }, { input: INPUT }]);
    expect(refused.json()).toMatchObject({ status: 401, code: 'SIGNATURE_REFUSED' });
    expect(refused.json<{ detail: string }>().detail).toContain('[1]');
    const made = await test.call('POST', '/v2/echo/batch', [{ input: one }]);
    const { id } = made.json<{ id: string }>();
    await test.call('POST', `/v2/echo/batch/${id}/requests`, { requests: [{ input: two }] });
    const again = await test.call('POST', `/v2/echo/batch/${id}/requests`, { requests: [{ input: two }] });
    expect(again.statusCode).toBe(401);
    await test.clock.advance(3_600_000);
    await test.call('POST', `/v2/echo/batch/${id}/finalize`);
    await test.clock.settle();
    const check = worker();
    for (const name of ['w1', 'w2']) expect(check((await take(name)).input)).toBeUndefined();
  });

  it('takes no calls of OpenAI’s API, whose clients can’t sign', async () => {
    const reply = await test.call('POST', '/v2/echo/openai/v1/embeddings', { input: 'x' });
    expect(reply.statusCode).toBe(401);
    expect(reply.json()).toMatchObject({ error: { code: 'SIGNATURE_REFUSED' } });
    expect(test.queue.counts('echo').inQueue).toBe(0);
  });
});

describe('secrets', () => {
  const submit = (test: TestApp, secret: string) => {
    const input = { text: 'x' };
    const ts = Math.floor(test.clock.now() / 1000);
    return test.call('POST', '/v2/echo/run', {
      input: { ...input, auth: signJob('echo', input, { secret, ts }) },
    });
  };

  it('without one nothing is accepted, and the sentence says what to do', async () => {
    const test = createTestApp({ signing: { ...SIGNING, secrets: [] } });
    const reply = await submit(test, '');
    expect(reply.json()).toMatchObject({ status: 500, code: 'HMAC_SECRET_MISSING' });
    expect(reply.json<{ detail: string }>().detail).toContain('EMBEDDING_HMAC_SECRET');
    const batch = await test.call('POST', '/v2/echo/batch', [{ input: {} }]);
    expect(batch.json()).toMatchObject({ code: 'HMAC_SECRET_MISSING' });
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 0, failed: 0 });
    await test.stop();
  });

  it('while they are rotated both are good, and workers get the new one’s', async () => {
    const test = createTestApp({ signing: { ...SIGNING, secrets: ['new', SECRET] } });
    for (const secret of ['new', SECRET]) {
      expect((await submit(test, secret)).json()).toMatchObject({ status: 'IN_QUEUE' });
      const { input } = JSON.parse(await test.take(`w-${secret.length}`)) as Taken;
      const now = test.clock.now;
      const { verify } = createVerifier({ secrets: ['new'], now, replays: createReplayGuard({ now }) });
      expect(verify(input.auth, { v1: { method: 'JOB', path: 'echo', body: input } })).toBeUndefined();
    }
    await test.stop();
  });

  it('where the gateway does not verify, inputs pass untouched', async () => {
    const test = createTestApp({ signing: { ...SIGNING, isVerified: false } });
    const input = { text: 'x', auth: { v: 1, seal: 'f'.repeat(64) } };
    await test.call('POST', '/v2/echo/run', { input });
    expect((JSON.parse(await test.take()) as Taken).input).toEqual(input);
    await test.stop();
  });
});
