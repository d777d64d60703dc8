import { jobDetailSchema, jobPageSchema, jobSubmittedSchema } from '@spillway/protocol/v1';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

let test: NativeTestApp;
beforeEach(() => {
  test = createNativeTestApp();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
});

const idsOf = (reply: { json(): { jobs: { id: string }[] } }) => reply.json().jobs.map(({ id }) => id);
const detailOf = (reply: { json(): { detail: string } }) => reply.json().detail;

describe('a submit', () => {
  it('is answered 201 with the place of the job, which comes back as it was sent', async () => {
    const body =
      '{"endpoint":"echo","input":{"n":1.0,"big":12345678901234567890},"priority":5,"tags":["a","b","a"],"s3Config":{"k":1.50}}';
    const reply = await test.call('POST', '/v1/jobs', body);
    expect(reply.statusCode).toBe(201);
    const { id } = jobSubmittedSchema.parse(reply.json());
    expect(reply.headers.location).toBe(`/v1/jobs/${id}`);
    const shown = await test.call('GET', `/v1/jobs/${id}`);
    expect(shown.body).toContain('"input":{"n":1.0,"big":12345678901234567890}');
    expect(shown.json()).toMatchObject({
      endpoint: 'echo',
      status: 'IN_QUEUE',
      priority: 5,
      tags: ['a', 'b'],
    });
    expect((await test.take()).body).toContain('"s3Config":{"k":1.50}');
  });

  it('goes out by priority, and not before its delay is over', async () => {
    const delayed = await test.submit({ delayMs: 60_000, priority: 9 });
    const plain = await test.submit();
    const urgent = await test.submit({ priority: 1 });
    expect((await test.take('w1')).json()).toMatchObject({ id: urgent });
    expect((await test.take('w2')).json()).toMatchObject({ id: plain });
    const open = test.take('w3');
    await test.clock.settle();
    expect(await test.show(delayed)).toMatchObject({ status: 'IN_QUEUE' });
    await test.clock.advance(20_000);
    await test.clock.advance(5_000);
    expect((await open).statusCode).toBe(204);
  });

  it.each([
    ['an unknown key', { endpoint: 'echo', input: {}, prioritty: 1 }, /prioritty/],
    ['no endpoint', { input: {} }, /endpoint: /],
    ['a list as input', { endpoint: 'echo', input: [] }, /input: /],
    ['a priority out of bounds', { endpoint: 'echo', input: {}, priority: 1001 }, /priority: .*1000/],
    [
      'too short a timeout',
      { endpoint: 'echo', input: {}, policy: { executionTimeout: 1 } },
      /policy\.executionTimeout: /,
    ],
    ['a webhook that is no address', { endpoint: 'echo', input: {}, webhook: 'x' }, /webhook: /],
  ])('with %s is refused with a sentence that names it', async (_name, body, words) => {
    const reply = await test.call('POST', '/v1/jobs', body);
    expect(reply.statusCode).toBe(400);
    expect(detailOf(reply)).toMatch(words);
  });

  it('to an endpoint that is not there, or not for this key, is answered 404', async () => {
    const as = test.key({ endpoints: ['other'] });
    expect((await test.call('POST', '/v1/jobs', { endpoint: 'nope', input: {} })).statusCode).toBe(404);
    expect(
      (await test.call('POST', '/v1/jobs', { endpoint: 'echo', input: {} }, { as })).json(),
    ).toMatchObject({
      code: 'ENDPOINT_NOT_FOUND',
    });
  });
});

it('a HEAD request takes no job', async () => {
  const id = await test.submit();
  const reply = await test.app.inject({
    method: 'HEAD',
    url: '/v2/echo/job-take/w1',
    headers: { authorization: 'spk_admin-key-of-the-tests' },
  });
  expect(reply.statusCode).toBe(405);
  expect(await test.show(id)).toMatchObject({ status: 'IN_QUEUE' });
  expect((await test.app.inject({ method: 'HEAD', url: '/livez' })).statusCode).toBe(200);
});

describe('an Idempotency-Key', () => {
  const submit = (body: unknown, key = 'order-1', as?: string) =>
    test.call('POST', '/v1/jobs', body, { headers: { 'idempotency-key': key }, ...(as ? { as } : {}) });

  it('makes a repeated submit answer as the first did, also after the job has ended', async () => {
    const first = await submit('{"endpoint":"echo","input":{"a":1}}');
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    await test.take();
    await test.done(first.json<{ id: string }>().id, '{"output":1}');
    await test.clock.advance(10);
    const again = await submit('{ "input": {"a":1}, "endpoint": "echo" }');
    expect(again.statusCode).toBe(201);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toBe(first.body);
    expect(idsOf(await test.call('GET', '/v1/jobs'))).toHaveLength(1);
  });

  it('refuses other content under the same key, and leaves the first job alone', async () => {
    const first = await submit({ endpoint: 'echo', input: { a: 1 } });
    const other = await submit({ endpoint: 'echo', input: { a: 2 } });
    expect(other.statusCode).toBe(409);
    expect(other.json()).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(detailOf(other)).toContain(first.json<{ id: string }>().id);
    expect(idsOf(await test.call('GET', '/v1/jobs'))).toHaveLength(1);
  });

  it('belongs to the caller who chose it', async () => {
    const [a, b] = [test.key(), test.key()];
    const one = await submit({ endpoint: 'echo', input: {} }, 'order-1', a);
    const two = await submit({ endpoint: 'echo', input: {} }, 'order-1', b);
    expect(two.json<{ id: string }>().id).not.toBe(one.json<{ id: string }>().id);
    expect((await submit({ endpoint: 'echo', input: {} }, 'order-1', a)).body).toBe(one.body);
  });

  it('of concurrent repeats makes one job', async () => {
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => submit({ endpoint: 'echo', input: {} })),
    );
    expect(new Set(replies.map((reply) => reply.body)).size).toBe(1);
    expect(idsOf(await test.call('GET', '/v1/jobs'))).toHaveLength(1);
  });

  it('that is empty or too long is refused', async () => {
    expect(detailOf(await submit({ endpoint: 'echo', input: {} }, 'x'.repeat(256)))).toMatch(
      /Idempotency-Key/,
    );
  });
});

describe('the list', () => {
  it('filters by endpoint, state, tag and time, page by page', async () => {
    const first = await test.submit({ tags: ['red'] });
    await test.clock.advance(1_000);
    const at = test.clock.now();
    const second = await test.submit({ tags: ['red', 'blue'] });
    const third = await test.submit({ endpoint: 'other' });
    await test.call('POST', `/v1/jobs/${third}/cancel`);
    const list = (query: string) => test.call('GET', `/v1/jobs?${query}`);
    expect(idsOf(await list(''))).toEqual([third, second, first]);
    expect(idsOf(await list('tag=red'))).toEqual([second, first]);
    expect(idsOf(await list('tag=blue'))).toEqual([second]);
    expect(idsOf(await list('endpoint=other'))).toEqual([third]);
    expect(idsOf(await list('status=CANCELLED'))).toEqual([third]);
    expect(idsOf(await list(`since=${at}`))).toEqual([third, second]);
    expect(idsOf(await list(`until=${new Date(at).toISOString()}`))).toEqual([first]);
    const page = jobPageSchema.parse((await list('limit=2')).json());
    expect(page.jobs.map(({ id }) => id)).toEqual([third, second]);
    const rest = jobPageSchema.parse((await list(`limit=2&cursor=${page.nextCursor}`)).json());
    expect(rest.jobs.map(({ id }) => id)).toEqual([first]);
    expect(rest.nextCursor).toBeUndefined();
  });

  it.each([
    ['status=RUNNING', /status: expected one of IN_QUEUE/],
    ['limit=0', /limit: expected a whole number from 1 to 500/],
    ['limit=x', /limit: expected a whole number/],
    ['since=yesterday', /since: expected epoch milliseconds or a date/],
    ['cursor=abc', /cursor: expected the nextCursor/],
  ])('refuses ?%s with a sentence', async (query, words) => {
    const reply = await test.call('GET', `/v1/jobs?${query}`);
    expect(reply.statusCode).toBe(400);
    expect(detailOf(reply)).toMatch(words);
  });

  it('shows a key the jobs of its endpoints only, on full pages', async () => {
    const mine: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      mine.unshift(await test.submit({ endpoint: 'other' }));
      await test.submit();
    }
    for (const endpoints of [['other'], ['other', 'gone']]) {
      const as = test.key({ endpoints });
      const page = jobPageSchema.parse(
        (await test.call('GET', '/v1/jobs?limit=3', undefined, { as })).json(),
      );
      expect(page.jobs.map(({ id }) => id)).toEqual(mine.slice(0, 3));
      const next = `/v1/jobs?limit=3&cursor=${page.nextCursor}`;
      expect(idsOf(await test.call('GET', next, undefined, { as }))).toEqual(mine.slice(3));
      expect(idsOf(await test.call('GET', '/v1/jobs?endpoint=echo', undefined, { as }))).toEqual([]);
    }
  });
});

describe('one job', () => {
  it('shows each attempt with worker, times and failure, and the one that runs with its log', async () => {
    const worker = await test.startWorker();
    const id = await test.submit();
    await test.take(worker);
    test.backend.started[0]?.print('loading');
    expect(jobDetailSchema.parse(await test.show(id)).attempts).toEqual([
      { number: 1, workerId: worker, startedAt: expect.any(Number), outcome: 'running', logTail: 'loading' },
    ]);
    test.backend.started[0]?.exit({ signal: 'SIGKILL' });
    await test.clock.settle();
    await test.take('w2');
    await test.done(id, '{"output":2.0}', 'w2');
    const shown = jobDetailSchema.parse(await test.show(id));
    expect(shown).toMatchObject({ status: 'COMPLETED', attempt: 2, output: 2 });
    expect(shown.attempts).toMatchObject([
      { number: 1, outcome: 'lost', failure: { type: 'WORKER_CRASHED', logTail: 'loading' } },
      { number: 2, workerId: 'w2', outcome: 'completed' },
    ]);
  });

  it('is cancelled, and stays as it is once it has ended', async () => {
    const id = await test.submit();
    expect((await test.call('POST', `/v1/jobs/${id}/cancel`)).json()).toMatchObject({
      id,
      status: 'CANCELLED',
    });
    const done = await test.submit();
    await test.take();
    await test.done(done, '{"output":1}');
    const late = await test.call('POST', `/v1/jobs/${done}/cancel`);
    expect(late.json()).toMatchObject({ status: 'COMPLETED', output: 1 });
  });

  it('is retried after it failed, and not otherwise', async () => {
    const id = await test.submit();
    expect((await test.call('POST', `/v1/jobs/${id}/retry`)).json()).toMatchObject({
      code: 'JOB_NOT_RETRYABLE',
    });
    await test.take();
    await test.done(id, '{"error":"no"}');
    expect((await test.call('POST', `/v1/jobs/${id}/retry`)).json()).toMatchObject({
      id,
      status: 'IN_QUEUE',
    });
  });

  it('is deleted once it has ended, and not before', async () => {
    const id = await test.submit();
    const early = await test.call('DELETE', `/v1/jobs/${id}`);
    expect([early.statusCode, early.json<{ code: string }>().code]).toEqual([409, 'JOB_NOT_ENDED']);
    await test.call('POST', `/v1/jobs/${id}/cancel`);
    expect((await test.call('DELETE', `/v1/jobs/${id}`)).statusCode).toBe(204);
    expect((await test.call('GET', `/v1/jobs/${id}`)).statusCode).toBe(404);
    expect((await test.call('DELETE', `/v1/jobs/${id}`)).statusCode).toBe(404);
  });

  it.each([
    'GET /v1/jobs/{id}',
    'POST /v1/jobs/{id}/cancel',
    'POST /v1/jobs/{id}/retry',
    'DELETE /v1/jobs/{id}',
  ])('is not there for a key of another endpoint: %s', async (operation) => {
    const [method = '', path = ''] = operation.split(' ');
    const url = path.replace('{id}', await test.submit());
    const as = test.key({ endpoints: ['other'] });
    expect((await test.call(method as 'GET', url, undefined, { as })).json()).toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
  });
});

describe('bulk operations', () => {
  it('cancel what the filters fit, queued and running, and count it', async () => {
    await test.submit({ tags: ['batch'] });
    await test.take();
    await test.submit({ tags: ['batch'] });
    const kept = await test.submit();
    const reply = await test.call('POST', '/v1/jobs/cancel', { endpoint: 'echo', tag: 'batch' });
    expect(reply.json()).toEqual({ cancelled: 2 });
    expect(await test.show(kept)).toMatchObject({ status: 'IN_QUEUE' });
    const queued = await test.call('POST', '/v1/jobs/cancel', { status: 'IN_PROGRESS', endpoint: 'echo' });
    expect(queued.json()).toEqual({ cancelled: 0 });
  });

  it('reach beyond one page', async () => {
    await Promise.all(Array.from({ length: 600 }, () => test.submit()));
    expect((await test.call('POST', '/v1/jobs/cancel', { all: true })).json()).toEqual({ cancelled: 600 });
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 0 });
  });

  it('retry failed jobs by id and by filter', async () => {
    const failed: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      failed.push(await test.submit());
      await test.take();
      await test.done(failed[i] ?? '', '{"error":"no"}');
    }
    const waiting = await test.submit();
    const ids = [failed[0], waiting, 'nope'];
    expect((await test.call('POST', '/v1/jobs/retry', { ids })).json()).toEqual({ retried: 1 });
    expect((await test.call('POST', '/v1/jobs/retry', { endpoint: 'echo' })).json()).toEqual({ retried: 2 });
  });

  it('reach all endpoints of a key that has several, however many jobs of others lie between', async () => {
    const mine = [await test.submit({ endpoint: 'other' })];
    await Promise.all(Array.from({ length: 30 }, () => test.submit()));
    mine.push(await test.submit({ endpoint: 'other' }));
    const as = test.key({ endpoints: ['other', 'spare'] });
    const list = async (query: string) =>
      (await test.call('GET', `/v1/jobs?limit=1${query}`, undefined, { as })).json<{
        jobs: { id: string }[];
        nextCursor?: string;
      }>();
    const first = await list('');
    const second = await list(`&cursor=${first.nextCursor}`);
    expect([first, second].flatMap(({ jobs }) => jobs.map(({ id }) => id))).toEqual(mine.toReversed());
    expect(second.nextCursor).toBeUndefined();
    expect((await list('&endpoint=echo')).jobs).toEqual([]);
    const cancelled = await test.call('POST', '/v1/jobs/cancel', { all: true }, { as });
    expect(cancelled.json()).toEqual({ cancelled: 2 });
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 30 });
  });

  it('touch nothing of endpoints that the key is not for', async () => {
    const id = await test.submit();
    const as = test.key({ endpoints: ['other'] });
    for (const body of [{ all: true }, { ids: [id] }, { endpoint: 'echo' }])
      expect((await test.call('POST', '/v1/jobs/cancel', body, { as })).json()).toEqual({ cancelled: 0 });
  });

  it('want at least one filter, or the word that all are meant', async () => {
    for (const body of ['{}', '{"all":false}']) {
      const reply = await test.call('POST', '/v1/jobs/cancel', body);
      expect(reply.statusCode).toBe(400);
    }
    expect(detailOf(await test.call('POST', '/v1/jobs/cancel', {}))).toContain('{"all": true}');
  });
});
