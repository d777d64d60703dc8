import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestEngine } from './test-engine.ts';

describe('time', () => {
  let engine: ReturnType<typeof createTestEngine>;
  beforeEach(async () => {
    engine = createTestEngine();
    await engine.start(() => false);
  });
  afterEach(async () => {
    expect(await engine.stop()).toBe(0);
  });

  const look = async (id: string) => await engine.queue.get(id);

  it('gives a silent worker’s job to another, then fails it with RunPod’s words', async () => {
    const { id } = await engine.submit();
    await engine.take('w1');
    await engine.clock.advance(40_300);
    expect(await look(id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 1 });
    expect(await engine.take('w2')).toHaveLength(1);
    await engine.clock.advance(40_300);
    const failed = await look(id);
    expect(failed?.status).toBe('FAILED');
    expect(failed?.error).toMatch(/^job timed out after 1 retries: worker w2 gave no sign of life/);
  });

  it('leaves a job alone whose worker keeps sending heartbeats', async () => {
    const { id } = await engine.submit();
    await engine.take('w1');
    for (let i = 0; i < 10; i += 1) {
      await engine.clock.advance(10_000);
      await engine.queue.heartbeat('w1', new Set([id]));
    }
    expect(await look(id)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'w1', attempt: 1 });
  });

  it('fails a job at its execution timeout and ends a worker that goes on', async () => {
    const { id } = await engine.submit({ executionTimeoutMs: 5_000 });
    await engine.take('w1');
    await engine.clock.advance(5_300);
    expect(await look(id)).toMatchObject({ status: 'FAILED', error: 'executionTimeout exceeded' });
    expect(engine.overdue).toEqual([]);
    await engine.clock.advance(5_300);
    expect(engine.overdue).toEqual(['w1']);
  });

  it('hands the other jobs of a worker back before it is ended, and counts nothing against them', async () => {
    const cancelled = await engine.submit();
    const other = await engine.submit();
    await engine.take('w1', { max: 2 });
    await engine.queue.cancel(cancelled.id);
    await engine.clock.advance(5_300);
    expect(engine.overdue).toEqual(['w1']);
    expect(await look(other.id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 0 });
  });

  it('leaves the other jobs to a worker that nobody here can end, and tells when it has stopped at last', async () => {
    const told: unknown[] = [];
    const far = createTestEngine({
      outOfReach: {
        has: (workerId) => workerId === 'far',
        wontStop: (workerId, jobIds) => {
          told.push([workerId, jobIds]);
          return true;
        },
        hasStopped: (workerId) => told.push(`${workerId} has stopped`),
      },
    });
    await far.start(() => false);
    const cancelled = await far.submit();
    const other = await far.submit();
    await far.take('far', { max: 2 });
    await far.queue.cancel(cancelled.id);
    await far.clock.advance(5_300);
    expect(told).toEqual([['far', [cancelled.id]]]);
    expect(far.overdue).toEqual([]);
    expect(await far.queue.get(other.id)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'far' });
    far.stops.stillRuns('far', new Set([cancelled.id, other.id]));
    expect(told).toHaveLength(1);
    far.stops.stillRuns('far', new Set([other.id]));
    expect(told[1]).toBe('far has stopped');
    expect(await far.stop()).toBe(0);
  });

  it('asks nothing more of a worker that nobody knows', async () => {
    const nobody = createTestEngine({
      outOfReach: { has: () => true, wontStop: () => false, hasStopped: () => {} },
    });
    await nobody.start(() => false);
    const { id } = await nobody.submit();
    await nobody.take('w1');
    await nobody.queue.cancel(id);
    await nobody.clock.advance(5_300);
    expect(nobody.stops.has('w1', id)).toBe(false);
    expect(await nobody.stop()).toBe(0);
  });

  it('ends a job whose time to live is over, queued or running', async () => {
    const running = await engine.submit({ ttlMs: 10_000 });
    await engine.take('w1');
    const queued = await engine.submit({ ttlMs: 10_000 });
    await engine.clock.advance(10_300);
    expect(await look(queued.id)).toMatchObject({ status: 'TIMED_OUT' });
    expect(await look(running.id)).toMatchObject({ status: 'TIMED_OUT' });
  });

  it('tries an erring handler again after a pause, where the endpoint asks for it', async () => {
    const { id } = await engine.submit({ limits: { workerLost: 1, handlerError: 1 } });
    await engine.take('w1');
    await engine.queue.fail({ workerId: 'w1', wireId: id }, { error: 'boom' });
    const again = engine.take('w2');
    await engine.clock.advance(500);
    expect(await look(id)).toMatchObject({ status: 'IN_QUEUE' });
    await engine.clock.advance(1_000);
    expect((await again).map((job) => job.id)).toEqual([id]);
    await engine.queue.fail({ workerId: 'w2', wireId: id }, { error: 'boom again' });
    expect(await look(id)).toMatchObject({ status: 'FAILED', error: 'boom again' });
  });

  it('forgets ended jobs after the retention time, and only those', async () => {
    const ended = await engine.submit();
    await engine.queue.cancel(ended.id);
    const waiting = await engine.submit();
    await engine.clock.advance(1_800_000 + 20_000);
    expect(await look(ended.id)).toBeUndefined();
    expect(await look(waiting.id)).toMatchObject({ status: 'IN_QUEUE' });
  });
});

describe('a restart', () => {
  it('gives the jobs of workers that died with the gateway out again at once, others get a fresh lease', async () => {
    const engine = createTestEngine();
    const [mine, theirs] = [await engine.submit(), await engine.submit()];
    await engine.take('own');
    await engine.take('elsewhere');
    await engine.clock.advance(39_000);
    await engine.start((workerId) => workerId === 'own');
    expect(await engine.queue.get(mine.id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 0 });
    await engine.clock.advance(39_000);
    expect(await engine.queue.get(theirs.id)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'elsewhere' });
    expect(await engine.stop()).toBe(0);
  });
});

describe('a drain', () => {
  it('ends the worker’s polls at once, waits for its job, and takes nothing from it', async () => {
    const engine = createTestEngine();
    const job = await engine.submit();
    await engine.take('w1');
    const poll = engine.take('w1');
    const limit = new AbortController();
    let isDrained = false;
    const drained = engine.drain('w1', limit.signal).then(() => {
      isDrained = true;
    });
    expect(await poll).toEqual([]);
    await engine.clock.advance(1_000);
    expect(isDrained).toBe(false);
    await engine.queue.complete({ workerId: 'w1', wireId: job.id }, '1');
    await drained;
    expect(await engine.queue.get(job.id)).toMatchObject({ status: 'COMPLETED' });
    expect(await engine.stop()).toBe(0);
  });

  it('hands back what is unfinished when its time is over', async () => {
    const engine = createTestEngine();
    const job = await engine.submit();
    await engine.take('w1');
    const limit = new AbortController();
    const drained = engine.drain('w1', limit.signal);
    limit.abort();
    await drained;
    expect(await engine.queue.get(job.id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 0 });
    expect(await engine.stop()).toBe(0);
  });
});

it('a gateway that stood still hears its workers before it holds their silence against them', async () => {
  const manual = createManualClock();
  let stoodStillMs = 0;
  const clock = { ...manual, now: () => manual.now() + stoodStillMs };
  const engine = createTestEngine({ clock });
  await engine.start(() => false);
  const { id } = await engine.submit();
  await engine.take('w1');
  await clock.advance(1_000);
  stoodStillMs = 60_000;
  await clock.advance(9_000);
  await engine.queue.heartbeat('w1', new Set([id]));
  await clock.advance(30_000);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'IN_PROGRESS', attempt: 1 });
  await clock.advance(11_000);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 1 });
  expect(await engine.stop()).toBe(0);
});
