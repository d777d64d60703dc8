import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestEngine } from './test-engine.ts';

describe('dispatch', () => {
  let engine: ReturnType<typeof createTestEngine>;
  beforeEach(() => {
    engine = createTestEngine();
  });
  afterEach(async () => {
    expect(await engine.stop()).toBe(0);
  });

  const ids = (jobs: readonly { id: string }[]) => jobs.map((job) => job.id);

  it('gives a waiting worker a job as soon as one is submitted', async () => {
    const open = engine.take('w1');
    const job = await engine.submit();
    expect(ids(await open)).toEqual([job.id]);
  });

  it('gives a job that waits to the worker that comes', async () => {
    const job = await engine.submit();
    expect(ids(await engine.take('w1'))).toEqual([job.id]);
  });

  it('answers empty when the hold is over', async () => {
    const open = engine.take('w1', { holdMs: 20_000 });
    await engine.clock.advance(20_000);
    expect(await open).toEqual([]);
  });

  it('serves workers in the order they came, so none gets everything', async () => {
    const order: string[] = [];
    const ask = async (worker: string) => {
      await engine.take(worker);
      order.push(worker);
    };
    const asks = ['w1', 'w2', 'w3'].map(ask);
    for (let i = 0; i < 3; i += 1) await engine.submit();
    await Promise.all(asks);
    expect(order).toEqual(['w1', 'w2', 'w3']);
  });

  it('gives each of many jobs to exactly one of many workers', async () => {
    const takes = Array.from({ length: 40 }, (_, i) => engine.take(`w${i}`));
    const jobs = await Promise.all(Array.from({ length: 40 }, () => engine.submit()));
    const taken = (await Promise.all(takes)).flatMap(ids);
    expect(taken.toSorted()).toEqual(ids(jobs).toSorted());
  });

  it('gives a batch at most what it asks for', async () => {
    for (let i = 0; i < 5; i += 1) await engine.submit();
    expect(await engine.take('w1', { max: 3 })).toHaveLength(3);
    expect(await engine.take('w2', { max: 3 })).toHaveLength(2);
  });

  it('a job for a client that hung up goes to the next worker, and no attempt counts', async () => {
    const gone = new AbortController();
    const hungUp = engine.take('w1', { signal: gone.signal });
    const submitted = engine.submit();
    gone.abort();
    const job = await submitted;
    expect(ids(await engine.take('w2'))).toEqual([job.id]);
    expect(await hungUp).toHaveLength(0);
    expect(await engine.queue.get(job.id)).toMatchObject({
      status: 'IN_PROGRESS',
      workerId: 'w2',
      lostCount: 0,
    });
  });

  it('a closed worker is answered empty at once and gets nothing more', async () => {
    const open = engine.take('w1');
    engine.dispatcher.close('w1');
    expect(await open).toEqual([]);
    const job = await engine.submit();
    const refused = engine.take('w1', { holdMs: 5_000 });
    const other = engine.take('w2');
    expect(ids(await other)).toEqual([job.id]);
    await engine.clock.advance(5_000);
    expect(await refused).toEqual([]);
  });

  it('delivers suspects alone: neither beside other jobs nor with company', async () => {
    const pair = await Promise.all([engine.submit(), engine.submit()]);
    expect(await engine.take('w1', { max: 2 })).toHaveLength(2);
    await engine.queue.workerLost('w1', { type: 'WORKER_CRASHED', message: 'exited with code 1' });
    const [first] = await engine.take('w2', { max: 2 });
    expect(first?.isSuspect).toBe(true);
    const more = engine.take('w2', { max: 1, holdMs: 5_000 });
    const [second] = await engine.take('w3', { max: 2 });
    expect([first?.id, second?.id].toSorted()).toEqual(ids(pair).toSorted());
    await engine.clock.advance(5_000);
    expect(await more).toEqual([]);
  });

  it('a worker that is busy with a plain job leaves a suspect to one with free hands', async () => {
    await Promise.all([engine.submit(), engine.submit()]);
    await engine.take('w1', { max: 2 });
    const busy = engine.take('w2', { holdMs: 5_000 });
    await engine.queue.workerLost('w1', { type: 'WORKER_CRASHED', message: 'x' });
    // w2 had free hands, took one suspect alone; the other must wait for w3.
    expect(await busy).toHaveLength(1);
    const again = engine.take('w2', { holdMs: 1_000 });
    expect(await engine.take('w3')).toHaveLength(1);
    await engine.clock.advance(1_000);
    expect(await again).toEqual([]);
  });
});

describe('a paused endpoint', () => {
  let engine: ReturnType<typeof createTestEngine>;
  beforeEach(() => {
    engine = createTestEngine();
  });
  afterEach(async () => {
    expect(await engine.stop()).toBe(0);
  });

  it('delivers nothing, neither to polls that are open nor to new ones, until it is resumed', async () => {
    const open = engine.take('w1');
    engine.dispatcher.pause('echo');
    const jobs = [await engine.submit(), await engine.submit()];
    const late = engine.take('w2');
    await engine.clock.advance(1_000);
    expect(engine.queue.counts('echo')).toMatchObject({ ready: 2, inProgress: 0 });
    engine.dispatcher.resume('echo');
    const taken = [...(await open), ...(await late)].map(({ id }) => id);
    expect(taken).toEqual(jobs.map(({ id }) => id));
  });

  it('lets what was taken before end as ever', async () => {
    const job = await engine.submit();
    await engine.take('w1');
    engine.dispatcher.pause('echo');
    await engine.queue.complete({ workerId: 'w1', wireId: job.id }, '1');
    expect(await engine.queue.get(job.id)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('callers that wait for a job', () => {
  it('are answered when it ends, or with what there is when the time is over', async () => {
    const engine = createTestEngine();
    const job = await engine.submit();
    const look = async () =>
      (await engine.queue.get(job.id))?.finishedAt === undefined ? undefined : 'ended';
    const signal = new AbortController().signal;
    const short = engine.waiters.until(job.id, look, { waitMs: 1_000, signal });
    const long = engine.waiters.until(job.id, look, { waitMs: 90_000, signal });
    await engine.clock.advance(1_000);
    expect(await short).toBeUndefined();
    await engine.queue.cancel(job.id);
    expect(await long).toBe('ended');
    expect(await engine.stop()).toBe(0);
  });
});
