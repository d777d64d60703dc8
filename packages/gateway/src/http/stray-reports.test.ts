import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

// Workers that break the rules of their protocol: they report twice, in the wrong order, after their lease, for others,
// or never. All such reports are answered 200, since a worker loses its result on any other answer, and change nothing.

const LEASE_MS = 40_000;

interface Shown {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string;
}

describe('a worker that', () => {
  let test: TestApp;
  beforeEach(async () => {
    test = createTestApp();
    await test.start(() => false);
  });
  afterEach(async () => expect(await test.stop()).toBe(0));

  const submit = async () =>
    (await test.call('POST', '/v2/echo/run', { input: {} })).json<{ id: string }>().id;
  const status = async (id: string) => (await test.call('GET', `/v2/echo/status/${id}`)).json<Shown>();
  const take = async (worker: string) => (JSON.parse(await test.take(worker)) as { id: string }).id;
  const report = async (worker: string, id: string, body: object, path = 'job-done') => {
    const reply = await test.call('POST', `/v2/echo/${path}/${worker}/${id}?gpu=cpu`, body);
    expect(reply.statusCode).toBe(200);
  };

  it('reports twice changes nothing the second time, neither by a result nor by an error', async () => {
    const id = await submit();
    const wireId = await take('w1');
    await report('w1', wireId, { output: 'first' });
    await report('w1', wireId, { output: 'second' });
    await report('w1', wireId, { error: 'and now it failed' });
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'first' });
    expect((await status(id)).error).toBeUndefined();

    const failed = await submit();
    const failedWireId = await take('w1');
    await report('w1', failedWireId, { error: 'no luck' });
    await report('w1', failedWireId, { output: 'or maybe' });
    expect(await status(failed)).toMatchObject({ status: 'FAILED', error: 'no luck' });
    expect((await status(failed)).output).toBeUndefined();
  });

  it('reports in another order than it took, and goes on after the end, mixes nothing up', async () => {
    const ids = [await submit(), await submit()];
    const batch = await test.call('GET', '/v2/echo/job-take-batch/w1?batch_size=2&job_in_progress=0');
    expect(batch.json<{ id: string }[]>().map((job) => job.id)).toEqual(ids);
    for (const id of ids.toReversed()) await report('w1', id, { output: id });
    for (const id of ids) {
      await report('w1', id, { status: 'IN_PROGRESS', output: 'late progress' });
      await report('w1', id, { output: 'late chunk' }, 'job-stream');
      expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: id });
      const stream = await test.call('GET', `/v2/echo/stream/${id}`);
      expect(stream.json()).toEqual({ status: 'COMPLETED', stream: [] });
    }
  });

  it('reports after its lease changes nothing of what another worker does', async () => {
    const id = await submit();
    const late = await take('late');
    await test.clock.advance(LEASE_MS);
    const wireId = await take('w2');
    await report('late', late, { status: 'IN_PROGRESS', output: 'late progress' });
    await report('late', late, { output: 'late chunk' }, 'job-stream');
    await report('late', late, { output: 'late result' });
    expect(await status(id)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'w2' });
    expect((await status(id)).output).toBeUndefined();
    await report('w2', wireId, { output: 'in time' });
    await report('late', late, { error: 'late error' });
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'in time', retries: 1 });
  });

  it('reports for a delivery of long ago, though it got the job again, changes nothing', async () => {
    test = await withDeliveries(test, 3);
    const id = await submit();
    const wireIds: string[] = [];
    for (const worker of ['again', 'other', 'again']) {
      wireIds.push(await take(worker));
      if (wireIds.length < 3) await test.clock.advance(LEASE_MS);
    }
    const [first = '', , third = ''] = wireIds;
    expect(third).not.toBe(first);
    await report('again', first, { output: 'of the first' });
    expect((await status(id)).status).toBe('IN_PROGRESS');
    await report('again', third, { output: 'of the third' });
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'of the third' });
  });

  it('never reports loses its job, which ends FAILED when every delivery is used up', async () => {
    const id = await submit();
    await take('silent-1');
    await test.clock.advance(LEASE_MS);
    await take('silent-2');
    await test.clock.advance(LEASE_MS);
    const shown = await status(id);
    expect(shown).toMatchObject({ status: 'FAILED', retries: 1 });
    expect(shown.error).toMatch(/^job timed out after 1 retries: worker silent-2 gave no sign of life/);
  });

  it('reports for a job of another worker, of no worker or of nobody changes nothing', async () => {
    const id = await submit();
    await report('w1', id, { output: 'not taken yet' });
    expect((await status(id)).status).toBe('IN_QUEUE');
    const wireId = await take('owner');
    await report('thief', wireId, { output: 'stolen' });
    await report('w1', 'unknown', { output: 'of nobody' });
    expect((await status(id)).status).toBe('IN_PROGRESS');
    await report('owner', wireId, { output: 'mine' });
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'mine' });
  });
});

/** In place of `left`: an endpoint whose jobs are delivered so often. */
async function withDeliveries(left: TestApp, deliveries: number): Promise<TestApp> {
  expect(await left.stop()).toBe(0);
  const test = createTestApp({ retries: { workerLost: deliveries - 1, handlerError: 0 } });
  await test.start(() => false);
  return test;
}
