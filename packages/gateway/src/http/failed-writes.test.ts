import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

let test: TestApp;
beforeEach(() => {
  test = createTestApp();
});
afterEach(async () => expect(await test.stop()).toBe(0));

it('of submits that share a commit only the one that cannot be written fails', async () => {
  const names = ['a', 'b', 'a', 'c'];
  test.ids.uuid = () => names.shift() ?? 'none';
  // Changes that are told in one turn of the event loop were written by one commit.
  let turn = 0;
  const count = () => {
    turn += 1;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const turns = new Set<number>();
  test.queue.watch(() => turns.add(turn));
  const submits = [1, 2, 3, 4].map((n) => test.call('POST', '/v2/echo/run', { input: { n } }));
  const replies = await Promise.all(submits);
  clearImmediate(counting);

  expect(turns.size).toBe(1);
  expect(replies.map((reply) => reply.statusCode)).toEqual([200, 200, 503, 200]);
  expect(replies[2]?.json()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(test.queue.counts('echo').inQueue).toBe(3);
  // The one that was there keeps its input.
  const first = replies[0]?.json<{ id: string }>().id ?? '';
  expect((await test.queue.get(first))?.input).toBe('{"n":1}');
});

it('a store that can only be read answers submits with 503 and goes on when it can be written', async () => {
  const submit = () => test.call('POST', '/v2/echo/run', { input: {} });
  const { id } = (await submit()).json<{ id: string }>();
  test.db.exec('PRAGMA query_only = ON');
  const refused = await submit();
  expect(refused.statusCode).toBe(503);
  expect(refused.headers['retry-after']).toBe('1');
  expect(refused.json()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect((await test.call('POST', `/v2/echo/cancel/${id}`)).statusCode).toBe(503);
  expect((await test.call('GET', `/v2/echo/status/${id}`)).json()).toMatchObject({ status: 'IN_QUEUE' });
  test.db.exec('PRAGMA query_only = OFF');
  expect((await submit()).statusCode).toBe(200);
  expect((await test.call('POST', `/v2/echo/cancel/${id}`)).json()).toMatchObject({ status: 'CANCELLED' });
});

it('a store that cannot be written is logged once in a while, with how often it was refused in between', async () => {
  const lines: { msg: string; err?: { stack: string }; leftOut?: number; requestId?: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const own = createTestApp({}, { log });
  const submit = async () =>
    expect((await own.call('POST', '/v2/echo/run', { input: {} })).statusCode).toBe(503);
  own.db.exec('PRAGMA query_only = ON');
  for (let i = 0; i < 50; i += 1) await submit();
  expect(lines).toHaveLength(1);
  expect(lines[0]?.err?.stack).toContain('readonly database');
  expect(lines[0]?.requestId).toMatch(/^\S+$/);
  expect(lines[0]?.leftOut).toBeUndefined();
  await own.clock.advance(10_000);
  await submit();
  await submit();
  expect(lines.map(({ leftOut }) => leftOut)).toEqual([undefined, 49]);
  await own.clock.advance(10_000);
  await submit();
  expect(lines[2]?.leftOut).toBe(1);
  own.db.exec('PRAGMA query_only = OFF');
  expect(await own.stop()).toBe(0);
});
