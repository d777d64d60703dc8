import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

let test: NativeTestApp;
let lines: Record<string, unknown>[];
let level = 'debug';

function start(): void {
  lines = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trimEnd().split('\n')) lines.push(JSON.parse(line));
      done();
    },
  });
  test = createNativeTestApp({}, pino({ level }, sink));
}
beforeEach(() => {
  level = 'debug';
  start();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
});

it('every answer names its request: by the client’s own id where it is sound, else by ours', async () => {
  const ask = async (id?: string) => {
    const headers = id === undefined ? {} : { 'x-request-id': id };
    return (await test.call('GET', '/v1/jobs', undefined, { headers })).headers['x-request-id'];
  };
  expect(await ask('order-7/retry.2')).toBe('order-7/retry.2');
  const [first, second] = [await ask(), await ask('a b'), await ask('x'.repeat(129))];
  expect(first).toMatch(/^run1-/);
  expect(second).toMatch(/^run1-/);
  expect(second).not.toBe(first);
  expect((await test.call('GET', '/nope')).headers['x-request-id']).toMatch(/^run1-/);
  expect((await test.app.inject('/v1/jobs')).headers['x-request-id']).toMatch(/^run1-/);
});

it('at debug a job can be followed from its request to its end', async () => {
  const id = await test.submit({}, { 'x-request-id': 'order-7' });
  await test.take();
  await test.done(id, '{"error":"no"}');
  const ofRequest = lines.filter(({ requestId }) => requestId === 'order-7');
  expect(ofRequest).toMatchObject([
    { msg: 'accepted a job', jobId: id, endpoint: 'echo' },
    { msg: 'answered', method: 'POST', route: '/v1/jobs', status: 201 },
  ]);
  const ofJob = lines.filter((line) => line.jobId === id && String(line.msg).startsWith('job.'));
  expect(ofJob).toMatchObject([
    { msg: 'job.queued', endpoint: 'echo' },
    { msg: 'job.started', workerId: 'w1', attempt: 1 },
    { msg: 'job.failed', error: 'no' },
  ]);
});

it('otherwise only failures are logged, and no request', async () => {
  await test.stop();
  level = 'info';
  start();
  const id = await test.submit();
  await test.take();
  await test.done(id, '{"error":"no"}');
  expect(lines).toMatchObject([{ msg: 'job.failed', jobId: id, endpoint: 'echo', workerId: 'w1' }]);
});

it('a fault of the gateway is logged under the request id that its answer names, once', async () => {
  vi.spyOn(test.queue, 'list').mockImplementation(() => {
    throw new Error('broken inside');
  });
  const reply = await test.call('GET', '/v1/jobs', undefined, { headers: { 'x-request-id': 'order-8' } });
  expect(reply.json()).toMatchObject({ code: 'INTERNAL', requestId: 'order-8' });
  expect(reply.body).not.toContain('broken inside');
  const errors = lines.filter((line) => line.level === 50);
  expect(errors).toMatchObject([{ requestId: 'order-8', err: { message: 'broken inside' } }]);
});
