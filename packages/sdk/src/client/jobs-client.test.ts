import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import { createClient } from './client.ts';

type Answer = Response | Error;

/** A client whose calls get the given answers in order; the last one is repeated. */
function clientOf(answers: readonly (() => Answer)[]) {
  const clock = createManualClock();
  const seen: { method: string; path: string; body?: unknown; headers: Headers }[] = [];
  const fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(String(input));
    seen.push({
      method: init.method ?? 'GET',
      path: url.pathname + url.search,
      headers: new Headers(init.headers),
      ...(typeof init.body === 'string' ? { body: JSON.parse(init.body) } : {}),
    });
    const answer = answers[Math.min(seen.length, answers.length) - 1]?.();
    if (!(answer instanceof Response)) throw answer;
    return answer;
  };
  let drawn = 0;
  const random = () => {
    drawn += 1;
    return (drawn % 10) / 10;
  };
  const { jobs } = createClient({ baseUrl: 'http://gw:1/v2', apiKey: 'key', fetch, clock, random });
  return { jobs, seen, clock };
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers });
const down = () => new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
const submitted = json({ id: 'j1', endpoint: 'e', status: 'IN_QUEUE', createdAt: 1 }, 201);

test('a submit is repeated while the server is away, under one key', async () => {
  const { jobs, seen, clock } = clientOf([down, down, submitted]);
  const done = jobs.submit({ endpoint: 'e', input: { a: 1 }, priority: 2 });
  for (let i = 0; i < 2; i += 1) await clock.advanceToNext();
  expect(await done).toMatchObject({ id: 'j1' });
  const keys = seen.map(({ headers }) => headers.get('idempotency-key'));
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(keys).size).toBe(1);
  expect(seen[0]).toMatchObject({ method: 'POST', path: '/v1/jobs', body: { endpoint: 'e', priority: 2 } });
});

test('two submits have two keys, and a key of one’s own is used as it is', async () => {
  const { jobs, seen } = clientOf([submitted]);
  await jobs.submit({ endpoint: 'e', input: {} });
  await jobs.submit({ endpoint: 'e', input: {} });
  await jobs.submit({ endpoint: 'e', input: {} }, { idempotencyKey: 'order-7' });
  const keys = seen.map(({ headers }) => headers.get('idempotency-key'));
  expect(keys[1]).not.toBe(keys[0]);
  expect(keys[2]).toBe('order-7');
});

test('a limited rate is waited for as long as the server says', async () => {
  const limited = json({ code: 'RATE_LIMITED', detail: 'too many' }, 429, { 'retry-after': '7' });
  const { jobs, clock } = clientOf([limited, json({ jobs: [] })]);
  const list = jobs.list({ tag: 'a b', limit: 3 });
  expect(await clock.advanceToNext()).toBe(7_000);
  expect(await list).toEqual({ jobs: [] });
});

test('a job is shown with URLs in place of large values where they are asked for', async () => {
  const outputUrl = { method: 'GET', url: 'http://gw:1/x', headers: {}, expiresAt: 9 };
  const { jobs, seen } = clientOf([json({ id: 'j1', outputUrl })]);
  expect((await jobs.show('j1', { values: 'url' })).outputUrl).toEqual(outputUrl);
  await jobs.show('j1');
  expect(seen.map(({ path }) => path)).toEqual(['/v1/jobs/j1?values=url', '/v1/jobs/j1']);
});

test('all jobs are read page by page', async () => {
  const { jobs, seen } = clientOf([
    json({ jobs: [{ id: 'a' }, { id: 'b' }], nextCursor: '9' }),
    json({ jobs: [{ id: 'c' }] }),
  ]);
  const ids: string[] = [];
  for await (const job of jobs.all({ status: 'FAILED', since: 5 })) ids.push(job.id);
  expect(ids).toEqual(['a', 'b', 'c']);
  expect(seen.map(({ path }) => path)).toEqual([
    '/v1/jobs?status=FAILED&since=5&limit=500',
    '/v1/jobs?status=FAILED&since=5&limit=500&cursor=9',
  ]);
});

test('one job is shown, cancelled, retried and deleted; many are by filter', async () => {
  const { jobs, seen } = clientOf([
    json({ id: 'j/1' }),
    json({ id: 'j/1', status: 'CANCELLED' }),
    json({ id: 'j/1', status: 'IN_QUEUE' }),
    () => new Response(null, { status: 204 }),
    json({ cancelled: 4 }),
    json({ retried: 2 }),
  ]);
  await jobs.show('j/1');
  expect((await jobs.cancel('j/1')).status).toBe('CANCELLED');
  await jobs.retry('j/1');
  await jobs.delete('j/1');
  expect(await jobs.cancelMany({ tag: 'batch' })).toBe(4);
  expect(await jobs.retryMany({ all: true })).toBe(2);
  expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /v1/jobs/j%2F1',
    'POST /v1/jobs/j%2F1/cancel',
    'POST /v1/jobs/j%2F1/retry',
    'DELETE /v1/jobs/j%2F1',
    'POST /v1/jobs/cancel',
    'POST /v1/jobs/retry',
  ]);
  expect(seen[4]?.body).toEqual({ tag: 'batch' });
});

/** A stream of events that ends, or breaks, after its last block. */
function events(text: string, isBroken = false) {
  return () => {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          // A break takes along what was not read yet.
          await new Promise((resolve) => setImmediate(resolve));
          // In parts that know nothing of lines.
          if (at < bytes.length) controller.enqueue(bytes.slice(at, at + 7));
          else if (isBroken) controller.error(new TypeError('terminated'));
          else controller.close();
          at += 7;
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  };
}
const block = (id: string) => `id: ${id}\nevent: job.queued\ndata: {"id":"${id}","type":"job.queued"}\n\n`;

test('events go on behind the last one over connections that end and break', async () => {
  const { jobs, seen, clock } = clientOf([
    events(`id: r-4\nretry: 2000\n\n: still here\n\n`, true),
    events(`id: r-4\n\n${block('r-5')}${block('r-6')}id: r-7\ndata: {"half`, true),
    down,
    events(block('r-7')),
  ]);
  const ids: string[] = [];
  const reading = (async () => {
    for await (const event of jobs.events({ endpoint: 'e' })) {
      ids.push(event.id);
      if (event.id === 'r-7') return;
    }
  })();
  // Three pauses: after the end, after the break, and while the server is away.
  for (let i = 0; i < 3; i += 1) {
    while (clock.pending().length === 0) await clock.settle();
    await clock.advanceToNext();
  }
  await reading;
  expect(ids).toEqual(['r-5', 'r-6', 'r-7']);
  expect(seen.map(({ path }) => path)).toEqual(Array.from({ length: 4 }, () => '/v1/events?endpoint=e'));
  expect(seen.map(({ headers }) => headers.get('last-event-id'))).toEqual([null, 'r-4', 'r-6', 'r-6']);
});

test('listening ends with the reason of its signal, and with the server’s no', async () => {
  const leave = new AbortController();
  const { jobs, clock } = clientOf([events('id: r-1\n\n')]);
  const reading = jobs.events({ signal: leave.signal }).next();
  while (clock.pending().length === 0) await clock.settle();
  leave.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  const refused = clientOf([json({ code: 'FORBIDDEN', detail: 'no' }, 403)]);
  await expect(refused.jobs.events().next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
});
