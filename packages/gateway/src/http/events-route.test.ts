import type { Readable } from 'node:stream';
import { eventSchema, type GatewayEvent } from '@spillway/protocol/v1';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

let test: NativeTestApp;
const open: Readable[] = [];
beforeEach(() => {
  test = createNativeTestApp();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
  for (const stream of open.splice(0)) stream.destroy();
});

/** Opens the stream; the function it answers reads what has come since. */
async function listen(query = '', as = test.key({ scope: 'viewer' }), lastId?: string) {
  const reply = await test.app.inject({
    url: `/v1/events${query}`,
    headers: { authorization: as, ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
    payloadAsStream: true,
  });
  const stream = reply.stream();
  open.push(stream);
  let text = '';
  stream.on('data', (chunk) => {
    text += String(chunk);
  });
  return {
    reply,
    async events(): Promise<GatewayEvent[]> {
      await test.clock.settle();
      const found = [...text.matchAll(/^data: (.*)$/gm)].map((match) =>
        eventSchema.parse(JSON.parse(match[1] ?? '')),
      );
      text = '';
      return found;
    },
  };
}

const typesOf = (events: readonly GatewayEvent[]) => events.map(({ type }) => type);

it('tells the life of a job, of its worker, and of its endpoint', async () => {
  const { reply, events } = await listen();
  expect(reply.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const worker = await test.startWorker();
  const id = await test.submit();
  await test.take(worker);
  await test.done(id, '{"status":"IN_PROGRESS","output":0.5}', worker);
  await test.call('POST', `/v2/echo/job-stream/${worker}/${id}`, '{"output":1}');
  await test.done(id, '{"output":1}', worker);
  await test.call('POST', '/v1/endpoints/echo/pause');
  const told = await events();
  const ofJob = told.filter((event) => 'jobId' in event);
  const ofWorker = told.filter(({ type }) => type.startsWith('worker.'));
  expect(typesOf(ofJob)).toEqual([
    ...['job.queued', 'job.started', 'job.progress', 'job.chunk', 'job.completed'],
  ]);
  expect(typesOf(ofWorker)).toEqual([
    ...['worker.initializing', 'worker.idle', 'worker.running', 'worker.idle'],
  ]);
  expect(told.at(-1)).toMatchObject({ type: 'endpoint.paused', endpoint: 'echo' });
  expect(ofJob[1]).toMatchObject({ jobId: id, status: 'IN_PROGRESS', workerId: worker });
  expect(ofJob[2]).toMatchObject({ progress: 0.5 });
});

it('filters by endpoint and by job', async () => {
  const id = await test.submit();
  const [ofOther, ofJob] = [await listen('?endpoint=other'), await listen(`?job=${id}`)];
  await test.submit();
  const other = await test.submit({ endpoint: 'other' });
  await test.call('POST', `/v1/jobs/${id}/cancel`);
  expect(await ofOther.events()).toMatchObject([{ type: 'job.queued', jobId: other }]);
  expect(await ofJob.events()).toMatchObject([{ type: 'job.cancelled', jobId: id }]);
});

it('goes on behind Last-Event-ID, by header or by query', async () => {
  const first = await listen();
  await test.submit();
  const missed = await test.submit();
  const [seen] = await first.events();
  for (const again of [await listen('', undefined, seen?.id), await listen(`?lastEventId=${seen?.id}`)])
    expect(await again.events()).toMatchObject([{ type: 'job.queued', jobId: missed }]);
  const fromElsewhere = await listen('', undefined, 'other-7');
  expect(await fromElsewhere.events()).toMatchObject([{ type: 'reset', reason: 'unknown_id' }]);
});

it('ends with what is kept when it should not follow', async () => {
  const jobs = [await test.submit(), await test.submit()];
  const all = await test.call('GET', '/v1/events?follow=false');
  const ids = [...all.body.matchAll(/"jobId":"([^"]+)"/g)].map((match) => match[1]);
  expect(ids).toEqual(jobs);
  const [first] = [...all.body.matchAll(/"id":"(run1-\d+)"/g)].map((match) => match[1]);
  const rest = await test.call('GET', `/v1/events?follow=false&lastEventId=${first}`);
  expect(rest.body).not.toContain(jobs[0]);
  expect(rest.body).toContain(jobs[1]);
});

it('tells a key of its own endpoints only, and a client nothing of workers', async () => {
  const limited = await listen('', test.key({ scope: 'viewer', endpoints: ['other'] }));
  const client = await listen('', test.key());
  await test.startWorker();
  await test.submit();
  expect(await limited.events()).toEqual([]);
  expect(typesOf(await client.events())).toEqual(['job.queued']);
  const as = test.key({ endpoints: ['other'] });
  expect((await test.call('GET', '/v1/events?endpoint=echo', undefined, { as })).statusCode).toBe(404);
});
