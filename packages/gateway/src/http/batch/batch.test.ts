import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../test-app.ts';

const BATCH = '/v2/echo/batch';

interface Summary {
  readonly id: string;
  readonly status: string;
  readonly requestTotal: number;
}

interface Requests {
  readonly requests: readonly {
    readonly id: string;
    readonly jobId?: string;
    readonly status: string;
    readonly output?: unknown;
    readonly error?: string;
    readonly startedAt?: string;
    readonly completedAt?: string;
  }[];
  readonly total: number;
  readonly hasMore: boolean;
}

describe('the batch API', () => {
  let test: TestApp;

  beforeEach(async () => {
    test = createTestApp();
    await test.batches.start();
  });
  afterEach(async () => {
    expect(await test.stop()).toBe(0);
  });

  const inputs = (count: number) => Array.from({ length: count }, (_, n) => ({ input: { n } }));
  const create = async (requests: unknown = inputs(2)) =>
    (await test.call('POST', BATCH, requests)).json<Summary>().id;
  const post = (id: string, path: string, body?: unknown) =>
    test.call('POST', `${BATCH}/${id}/${path}`, body);
  const summary = async (id: string) => (await test.call('GET', `${BATCH}/${id}`)).json<Summary>();
  const requests = async (id: string, query = '') =>
    (await test.call('GET', `${BATCH}/${id}/requests${query}`)).json<Requests>();
  const statuses = async (id: string) => (await requests(id)).requests.map((request) => request.status);
  /** A batch whose requests are jobs. */
  async function run(body: unknown = inputs(2)) {
    const id = await create(body);
    await post(id, 'finalize');
    await test.clock.settle();
    return id;
  }
  const take = async (worker?: string) =>
    JSON.parse(await test.take(worker)) as { id: string; input: unknown };

  it('runs a batch from the draft to the results, digit for digit', async () => {
    const made = await test.call('POST', BATCH, '[ {"input":{"n":1.0}}, {"input":{"n":2}} ]');
    expect(made.statusCode).toBe(200);
    const { id, status } = made.json<Summary>();
    expect(made.json()).toEqual({ id, status: 'DRAFT' });
    expect(status).toBe('DRAFT');
    await post(id, 'requests', '{"requests":[{"input":{"n":3}}]}');
    expect(await summary(id)).toEqual({
      ...{ id, endpointId: 'echo', status: 'DRAFT', requestTotal: 3, requestInProgress: 0 },
      ...{ requestCompleted: 0, requestFailed: 0, createdAt: test.clock.now() },
    });
    expect((await post(id, 'finalize')).json()).toEqual({ id, status: 'FINALIZED' });
    await test.clock.settle();
    const taken = await test.take();
    expect(taken).toContain('"input":{"n":1.0}');
    expect(JSON.parse(taken)).toMatchObject({ batchId: id });
    await test.clock.advance(2_000);
    const first = JSON.parse(taken) as { id: string };
    await test.done(first.id, '{"output":{"embedding":[0.10,1.0]}}');
    await test.done((await take('w2')).id, '{"error":"no luck"}', 'w2');
    await take();
    expect(await summary(id)).toMatchObject({
      ...{ requestTotal: 3, requestInProgress: 1, requestCompleted: 1, requestFailed: 1 },
    });
    const page = await test.call('GET', `${BATCH}/${id}/requests`);
    expect(page.body).toContain('"output":{"embedding":[0.10,1.0]}');
    expect(page.json()).toMatchObject({
      requests: [
        {
          status: 'COMPLETED',
          jobId: first.id,
          startedAt: '2027-01-15T08:00:00.000Z',
          completedAt: '2027-01-15T08:00:02.000Z',
        },
        { status: 'FAILED', error: 'no luck' },
        { status: 'IN_PROGRESS', startedAt: '2027-01-15T08:00:02.000Z' },
      ],
      ...{ total: 3, offset: 0, limit: 50, hasMore: false },
    });
  });

  it('runs nothing of a draft', async () => {
    const id = await create();
    await test.clock.advance(10_000);
    expect(test.queue.counts('echo').inQueue).toBe(0);
    expect(await statuses(id)).toEqual(['DRAFT', 'DRAFT']);
  });

  it('lets jobs that somebody waits for go first, and gives its own the longest life', async () => {
    await run([{ input: { n: 0 } }, { input: { n: 1 }, policy: { ttl: 60_000 } }]);
    await test.call('POST', '/v2/echo/run', { input: { n: 'interactive' } });
    expect((await take()).input).toEqual({ n: 'interactive' });
    const jobs = [await test.queue.get((await take()).id), await test.queue.get((await take()).id)];
    expect(jobs.map((job) => job && job.expiresAt - job.createdAt)).toEqual([7 * 86_400_000, 60_000]);
  });

  it('starts as an empty draft too, and pages through its requests', async () => {
    const id = await create([]);
    expect((await post(id, 'finalize')).json()).toMatchObject({ code: 'INPUT_INVALID' });
    await post(id, 'requests', { requests: inputs(5) });
    expect(await requests(id, '?offset=0&limit=2')).toMatchObject({ total: 5, hasMore: true });
    const last = await requests(id, '?offset=4&limit=2');
    expect(last).toMatchObject({ total: 5, hasMore: false });
    expect(last.requests).toHaveLength(1);
    expect((await test.call('GET', `${BATCH}/${id}/requests?limit=0`)).statusCode).toBe(400);
    expect((await test.call('GET', `${BATCH}/${id}/requests?offset=-1`)).statusCode).toBe(400);
  });

  it('removes a request of a draft, and is locked once finalized', async () => {
    const id = await create();
    const [first] = (await requests(id)).requests;
    expect((await test.call('DELETE', `${BATCH}/${id}/requests/${first?.id}`)).json()).toMatchObject({
      requestTotal: 1,
    });
    expect((await test.call('DELETE', `${BATCH}/${id}/requests/${first?.id}`)).json()).toMatchObject({
      code: 'BATCH_REQUEST_NOT_FOUND',
    });
    const [second] = (await requests(id)).requests;
    await post(id, 'finalize');
    expect((await post(id, 'finalize')).json()).toEqual({ id, status: 'FINALIZED' });
    const refused = [
      await post(id, 'requests', { requests: inputs(1) }),
      await test.call('DELETE', `${BATCH}/${id}/requests/${second?.id}`),
    ];
    for (const reply of refused) expect(reply.json()).toMatchObject({ status: 409, code: 'BATCH_LOCKED' });
    await test.clock.settle();
    expect(test.queue.counts('echo').inQueue).toBe(1);
  });

  it('lists batches of an endpoint, the newest first, with the name that was given', async () => {
    const [first, second] = [await create(), await create()];
    const named = await test.call('PUT', `${BATCH}/${second}`, { name: 'nightly' });
    expect(named.json()).toMatchObject({ id: second, name: 'nightly', status: 'DRAFT' });
    expect((await test.call('PUT', `${BATCH}/${second}`, { title: 'x' })).statusCode).toBe(400);
    const list = (await test.call('GET', BATCH)).json<{ batches: Summary[] }>();
    expect(list.batches.map((batch) => batch.id)).toEqual([second, first]);
    expect(list).toMatchObject({ total: 2, hasMore: false, batches: [{ name: 'nightly' }, {}] });
    expect((await test.call('GET', '/v2/other/batch')).json()).toMatchObject({ batches: [], total: 0 });
  });

  it('cancels what waits and what runs, and says so to the worker', async () => {
    const id = await run(inputs(3));
    const running = await take();
    const done = await take('w2');
    await test.done(done.id, '{"output":1}', 'w2');
    const stop = test.call('GET', '/v2/echo/job-stop/w1');
    expect((await post(id, 'cancel')).json()).toEqual({ id, status: 'CANCELLED' });
    expect((await stop).json()).toEqual({ jobsToStop: [running.id] });
    expect((await statuses(id)).toSorted()).toEqual(['CANCELLED', 'CANCELLED', 'COMPLETED']);
    expect(await summary(id)).toMatchObject({ requestTotal: 3, requestCompleted: 1, requestFailed: 2 });
    expect(test.queue.counts('echo')).toMatchObject({ inQueue: 0, inProgress: 0 });
  });

  it('cancels a draft, and leaves a batch as it is whose requests have all ended', async () => {
    const draft = await create();
    expect((await post(draft, 'cancel')).json()).toEqual({ id: draft, status: 'CANCELLED' });
    expect(await statuses(draft)).toEqual(['CANCELLED', 'CANCELLED']);
    const id = await run(inputs(1));
    await test.done((await take()).id, '{"output":1}');
    expect((await post(id, 'cancel')).json()).toEqual({ id, status: 'FINALIZED' });
    expect(await statuses(id)).toEqual(['COMPLETED']);
  });

  it('keeps results when the retention of jobs is over, until the batch is deleted', async () => {
    const id = await run(inputs(1));
    const { id: jobId } = await take();
    await test.done(jobId, '{"output":{"kept":true}}');
    await test.clock.advance(200);
    await test.queue.removeEndedBefore(test.clock.now() + 1, 10);
    expect(await test.queue.get(jobId)).toBeUndefined();
    expect(await requests(id)).toMatchObject({ requests: [{ output: { kept: true } }] });
    expect((await test.call('DELETE', `${BATCH}/${id}`)).json()).toEqual({ id, status: 'DELETED' });
    expect((await test.call('GET', `${BATCH}/${id}`)).json()).toMatchObject({ code: 'BATCH_NOT_FOUND' });
    expect((await test.call('GET', `${BATCH}/${id}/requests`)).statusCode).toBe(404);
  });

  it('is not deleted while it runs', async () => {
    const id = await run(inputs(1));
    expect((await test.call('DELETE', `${BATCH}/${id}`)).json()).toMatchObject({ code: 'BATCH_RUNNING' });
    await post(id, 'cancel');
    expect((await test.call('DELETE', `${BATCH}/${id}`)).statusCode).toBe(200);
  });

  it('follows a request whose job is retried by hand', async () => {
    const id = await run(inputs(1));
    const { id: jobId } = await take();
    await test.done(jobId, '{"error":"no luck"}');
    expect(await summary(id)).toMatchObject({ requestFailed: 1 });
    await test.call('POST', `/v2/echo/retry/${jobId}`);
    expect(await summary(id)).toMatchObject({ requestFailed: 0, requestCompleted: 0 });
    expect(await statuses(id)).toEqual(['IN_QUEUE']);
    await test.done((await take('w2')).id, '{"output":2}', 'w2');
    expect(await requests(id)).toMatchObject({ requests: [{ status: 'COMPLETED', output: 2 }] });
    // One that ends before anybody looked at the retry.
    const other = (await test.call('POST', '/v2/echo/run', { input: {} })).json<{ id: string }>().id;
    await take();
    await test.done(other, '{"error":"no luck"}');
    await test.call('POST', `/v2/echo/retry/${other}`);
    await test.done((await take('w2')).id, '{"output":3}', 'w2');
    expect(await summary(id)).toMatchObject({ requestTotal: 1, requestCompleted: 1 });
  });

  it('counts a request as failed whose job was purged or ran out of time', async () => {
    const id = await run([{ input: {} }, { input: {}, policy: { ttl: 10_000 } }]);
    await test.clock.advance(10_000);
    const { requests: both } = await requests(id);
    await test.queue.tick(both[1]?.jobId ?? '');
    await test.call('POST', '/v2/echo/purge-queue');
    expect(await statuses(id)).toEqual(['CANCELLED', 'TIMED_OUT']);
    expect(await summary(id)).toMatchObject({ requestFailed: 2 });
  });

  it('fails a request alone that can be no job any more, and the batch when its endpoint is gone', async () => {
    const id = await create(inputs(2));
    const body = `{"input":{},"policy":{"ttl":1}}`;
    test.db.prepare('UPDATE batch_requests SET body = ? WHERE seq = 1').run(body);
    await post(id, 'finalize');
    await test.clock.settle();
    expect(await requests(id)).toMatchObject({
      requests: [
        { status: 'FAILED', error: expect.stringContaining('policy.ttl: expected') as string },
        { status: 'IN_QUEUE' },
      ],
    });
    test.db.exec(`UPDATE batches SET endpoint = 'removed', status = 'FINALIZED'`);
    test.db.exec(`UPDATE batch_requests SET state = 'WAITING', body = '{"input":{}}' WHERE seq = 2`);
    await post(await create(), 'finalize');
    await test.clock.settle();
    const gone = await test.batches.get({ endpoint: 'removed', id });
    expect(gone).toMatchObject({ status: 'FAILED', error: expect.stringContaining('removed') as string });
    expect(gone.requests).toEqual({ waiting: 0, submitted: 0, completed: 0, failed: 2 });
  });

  it('has at most ten batches of an endpoint that are not done', async () => {
    const ids = [];
    for (let n = 0; n < 10; n += 1) ids.push(await create(inputs(1)));
    const refused = await test.call('POST', BATCH, []);
    expect(refused.json()).toMatchObject({ status: 429, code: 'BATCH_LIMIT' });
    expect((await test.call('POST', '/v2/other/batch', [])).statusCode).toBe(200);
    await post(ids[0] ?? '', 'finalize');
    await test.clock.settle();
    expect((await test.call('POST', BATCH, [])).statusCode).toBe(429);
    await test.done((await take()).id, '{"output":1}');
    expect((await test.call('POST', BATCH, [])).statusCode).toBe(200);
  });

  it('holds at most 5000 requests, all of which run', async () => {
    expect((await test.call('POST', BATCH, inputs(5_001))).json()).toMatchObject({ code: 'BATCH_LIMIT' });
    const id = await create(inputs(4_999));
    expect((await post(id, 'requests', { requests: inputs(2) })).json()).toMatchObject({
      code: 'BATCH_LIMIT',
    });
    expect((await post(id, 'requests', { requests: inputs(1) })).json()).toMatchObject({
      requestTotal: 5_000,
    });
    await post(id, 'finalize');
    while (test.queue.counts('echo').inQueue < 5_000) await test.clock.settle();
    expect(await summary(id)).toMatchObject({ requestTotal: 5_000, requestInProgress: 0 });
  });

  it.each([
    ['an object as the list', 'POST', '', { requests: [] }, /expected a JSON list/],
    ['nothing', 'POST', '', '', /expected a JSON list/],
    [
      'requests without an input',
      'POST',
      '',
      [{ input: {} }, {}, { input: [] }],
      /\[1\] input: missing.*\[2\] input: expected/,
    ],
    ['a list that holds no objects', 'POST', '', [1], /\[0\] body: not a JSON object/],
    ['a policy out of bounds', 'POST', '', [{ input: {}, policy: { ttl: 1 } }], /\[0\] policy\.ttl/],
  ] as const)('refuses %s, names the place, and keeps nothing', async (_name, method, path, body, words) => {
    const reply = await test.call(method, `${BATCH}${path}`, body);
    expect(reply.statusCode).toBe(400);
    expect(reply.json<{ detail: string }>().detail).toMatch(words);
    expect((await test.call('GET', BATCH)).json()).toMatchObject({ batches: [] });
  });

  it('refuses an append without requests, and a body over 10 MiB', async () => {
    const id = await create();
    expect((await post(id, 'requests', [])).statusCode).toBe(400);
    expect((await post(id, 'requests', {})).json<{ detail: string }>().detail).toContain('requests: missing');
    const big = await post(id, 'requests', { requests: [{ input: { text: 'x'.repeat(10 * 1024 * 1024) } }] });
    expect(big.json()).toMatchObject({ status: 400, code: 'BODY_TOO_LARGE' });
    expect(await summary(id)).toMatchObject({ requestTotal: 2 });
  });

  it('knows a batch by its endpoint only, and lets viewers look', async () => {
    const id = await create();
    expect((await test.call('GET', `/v2/other/batch/${id}`)).json()).toMatchObject({
      code: 'BATCH_NOT_FOUND',
    });
    expect((await test.call('POST', `/v2/other/batch/${id}/cancel`)).statusCode).toBe(404);
    const { secret } = test.keys.create({ name: 'eyes', scope: 'viewer' });
    const as = { headers: { authorization: secret } };
    expect((await test.call('GET', `${BATCH}/${id}`, undefined, as)).statusCode).toBe(200);
    expect((await test.call('POST', `${BATCH}/${id}/finalize`, undefined, as)).statusCode).toBe(403);
  });

  it('counts its jobs for the key that made it, whoever finalizes it', async () => {
    const { secret, record } = test.keys.create({ name: 'shop', scope: 'client' });
    const as = { headers: { authorization: secret } };
    const { id } = (await test.call('POST', BATCH, inputs(1), as)).json<Summary>();
    await post(id, 'finalize');
    await test.clock.settle();
    const [request] = (await requests(id)).requests;
    expect(await test.queue.get(request?.jobId ?? '')).toMatchObject({ keyId: record.id });
    const ofAdmin = (await requests(await run(inputs(1)))).requests[0];
    expect((await test.queue.get(ofAdmin?.jobId ?? ''))?.keyId).toBeUndefined();
  });
});
