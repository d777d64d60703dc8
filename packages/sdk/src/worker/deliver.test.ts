import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import { createDeliver } from './deliver.ts';
import type { LinkRequest, LinkResult } from './gateway-link.ts';

const reply = (status: number, retryAfterMs?: number): LinkResult => ({
  kind: 'reply',
  status,
  text: `{"detail":"said ${status}"}`,
  retryAfterMs,
});
const dropped: LinkResult = { kind: 'unreachable', reason: 'other side closed' };

/** Delivers against a list of answers, the last of which is repeated. */
function start(answers: readonly LinkResult[], giveUpAfterMs = 600_000) {
  const clock = createManualClock();
  const requests: LinkRequest[] = [];
  const stop = new AbortController();
  const deliver = createDeliver(
    async (request) => {
      requests.push(request);
      return answers[Math.min(requests.length, answers.length) - 1] ?? dropped;
    },
    clock,
    () => 0,
  );
  const body = '{"output":1}';
  const result = deliver({
    url: 'http://gw/done',
    body,
    contentType: 'application/json',
    giveUpAfterMs,
    signal: stop.signal,
  });
  return { clock, requests, result, stop };
}

async function pausesUntilEnd({ clock, result }: ReturnType<typeof start>): Promise<number[]> {
  const pauses: number[] = [];
  let isOver = false;
  void result.then(() => {
    isOver = true;
  });
  await clock.settle();
  while (!isOver) pauses.push(await clock.advanceToNext());
  return pauses;
}

test('a result outlives a dropped connection, an overloaded server and a restart', async () => {
  const delivery = start([dropped, reply(503), { kind: 'timeout' }, reply(429), reply(500), reply(200)]);
  expect(await pausesUntilEnd(delivery)).toEqual([125, 250, 500, 1_000, 2_000]);
  expect(await delivery.result).toEqual({ kind: 'delivered' });
  expect(new Set(delivery.requests.map(({ body }) => body))).toEqual(new Set(['{"output":1}']));
});

test('an overloaded server is waited for, however often it says so', async () => {
  const delivery = start([...Array<LinkResult>(12).fill(reply(503)), reply(200)]);
  expect(await pausesUntilEnd(delivery)).toHaveLength(12);
  expect(await delivery.result).toEqual({ kind: 'delivered' });
});

test('a server that is away for minutes is waited for, then given up with the reason', async () => {
  const delivery = start([dropped]);
  const pauses = await pausesUntilEnd(delivery);
  const total = pauses.reduce((sum, ms) => sum + ms, 0);
  expect(total).toBeGreaterThan(580_000);
  expect(total).toBeLessThanOrEqual(600_000);
  expect(await delivery.result).toEqual({ kind: 'gave-up', reason: 'other side closed' });
});

test('what a second try cannot change is not tried again', async () => {
  for (const status of [400, 409, 410, 413, 422]) {
    const delivery = start([reply(status)]);
    expect(await delivery.result).toEqual({ kind: 'refused', status, detail: `said ${status}` });
    expect(delivery.requests).toHaveLength(1);
  }
});

test('any other refusal gets a few tries, since a proxy may have spoken', async () => {
  const lost = start([reply(404)]);
  await pausesUntilEnd(lost);
  expect(await lost.result).toMatchObject({ kind: 'refused', status: 404 });
  expect(lost.requests).toHaveLength(4);

  const saved = start([reply(404), reply(401), reply(200)]);
  await pausesUntilEnd(saved);
  expect(await saved.result).toEqual({ kind: 'delivered' });
});

test('a server that says when to come back is believed', async () => {
  expect(await pausesUntilEnd(start([reply(429, 9_000), reply(200)]))).toEqual([9_000]);
});

test('a delivery that nobody wants any more ends', async () => {
  const delivery = start([dropped, { kind: 'aborted' }]);
  await delivery.clock.settle();
  delivery.stop.abort();
  expect(await delivery.result).toEqual({ kind: 'aborted' });
});
