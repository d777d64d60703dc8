import { afterEach, beforeEach, expect, it } from 'vitest';
import { isPlaced } from './job.ts';
import { createTestEngine } from './test-engine.ts';

let engine: ReturnType<typeof createTestEngine>;
beforeEach(async () => {
  engine = createTestEngine();
  await engine.start(() => false);
});
afterEach(async () => {
  expect(await engine.stop()).toBe(0);
});

const THERE = 'runpod:far:1';
const look = async (id: string) => await engine.queue.get(id);

/** A job that waits elsewhere, whose lease is kept. */
async function place(): Promise<{ id: string; keep(forMs: number): Promise<void> }> {
  const { id } = await engine.submit({ executionTimeoutMs: 60_000, ttlMs: 600_000 });
  await engine.queue.place(id, THERE, 40_000);
  return {
    id,
    async keep(forMs) {
      for (let passed = 0; passed < forMs; passed += 20_000) {
        await engine.queue.heartbeat(THERE, new Set([id]));
        await engine.clock.advance(20_000);
      }
    },
  };
}

it('a job that waits elsewhere is no other worker’s, and its execution timeout does not run before it has begun', async () => {
  const job = await place();
  await job.keep(200_000);
  const waiting = await look(job.id);
  expect(waiting && isPlaced(waiting)).toBe(true);
  expect(
    await engine.queue.waitingSince({
      endpoint: 'echo',
      before: engine.clock.now(),
      withLowPriority: true,
      mostBytes: 1_000,
      limit: 5,
    }),
  ).toEqual([]);

  await engine.queue.started({ workerId: THERE, wireId: job.id });
  expect(await look(job.id)).toMatchObject({ startedAt: engine.clock.now() });
  await job.keep(61_000);
  expect(await look(job.id)).toMatchObject({ status: 'FAILED', error: 'executionTimeout exceeded' });
});

it('its time to live runs all the while', async () => {
  const job = await place();
  await job.keep(620_000);
  expect(await look(job.id)).toMatchObject({ status: 'TIMED_OUT' });
});

it('whoever took it first has it: a worker here, or elsewhere', async () => {
  const { id } = await engine.submit();
  await engine.take('w1');
  expect(await engine.queue.place(id, THERE, 40_000)).toBeUndefined();
  expect(await look(id)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'w1' });
});

it('after it came home what is said of it elsewhere changes nothing', async () => {
  const job = await place();
  await engine.queue.handBackJob(THERE, job.id, 'it waited too long there');
  expect(await engine.take('w1')).toHaveLength(1);
  await engine.queue.complete({ workerId: THERE, wireId: job.id, attempt: 1 }, '"late"');
  expect(await look(job.id)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'w1', lostCount: 0 });
});
