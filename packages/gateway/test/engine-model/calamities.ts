import type { JobFailure } from '@spillway/protocol';
import fc from 'fast-check';
import { expect } from 'vitest';
import { agree, type Pair } from './agreement.ts';
import { command, leave, WORKERS, worker } from './command.ts';
import { LIMITS } from './limits.ts';

/** What befalls workers and the gateway: time, drains, crashes. */
const CRASH: JobFailure = { type: 'WORKER_CRASHED', message: 'it crashed' };

export const workerCrash = worker.map((by) =>
  command({
    name: `${by} crashes`,
    async run(pair) {
      if (pair.model.takers.has(by)) await leave(pair, by);
      pair.model.workerLost(by);
      await pair.rig.engine.workerLost(by, CRASH);
      await agree(pair);
    },
  }),
);

export const drain = worker.map((by) =>
  command({
    name: `${by} is drained, and its time is over`,
    async run(pair) {
      const { model, rig } = pair;
      const taker = model.takers.get(by);
      if (taker) Object.assign(taker, { endsAt: model.now });
      model.handBack(by);
      await rig.engine.drain(by, AbortSignal.abort());
      model.workerLost(by);
      await rig.engine.workerLost(by, CRASH);
      await agree(pair);
    },
  }),
);

export const advance = fc.constantFrom(1, 1, 2, 4, 4, 8, 40).map((steps) =>
  command({
    name: `${steps * LIMITS.stepMs} ms pass`,
    async run(pair) {
      for (let step = 0; step < steps; step += 1) await passStep(pair);
    },
  }),
);

async function passStep(pair: Pair): Promise<void> {
  const { model, rig } = pair;
  await rig.clock.advance(LIMITS.stepMs);
  model.passTo(rig.clock.now());
  const overdue = model.overdue();
  for (const by of overdue) {
    const taker = model.takers.get(by);
    if (taker) Object.assign(taker, { endsAt: model.now });
  }
  await agree(pair, (job) => overdue.includes(job.lease?.worker ?? ''));
  expect([...rig.overdue()].sort()).toEqual([...overdue].sort());
  model.fresh = new Set();
  // The fleet ends them.
  for (const by of overdue) {
    model.workerLost(by);
    await rig.engine.workerLost(by, CRASH);
    await agree(pair);
  }
}

const CRASH_SUBMIT = {
  ...{ endpoint: 'echo', input: '{}', isLowPriority: false, isSync: false, ttlMs: 60_000 },
  ...{ executionTimeoutMs: 3_000, limits: { workerLost: 1, handlerError: 0 } },
};

/** What the gateway was doing in its last moment. Whatever it answered is on disk; what it did not may not be. */
const LAST_MOMENTS: Readonly<Record<string, (pair: Pair) => Promise<unknown> | undefined>> = {
  'at rest': () => undefined,
  'before a submit is written': ({ rig }) => void rig.engine.queue.submit(CRASH_SUBMIT),
  'right after it answered a submit': async ({ model, rig }) => {
    const { id, priority } = await rig.engine.queue.submit(CRASH_SUBMIT);
    const { ttlMs, executionTimeoutMs } = CRASH_SUBMIT;
    const times = { queuedAt: model.now, availableAt: model.now, expiresAt: model.now + ttlMs };
    model.submit({ id, priority, ttlMs, executionTimeoutMs, mayLose: 1, mayFail: 0, ...times });
    // One that a worker waited for is written as given to it.
    const { lease } = (await rig.engine.queue.get(id)) ?? {};
    if (lease) expect(model.lease(id, lease.workerId, lease.wireId)).toBeUndefined();
  },
  'right after it answered a report': async ({ model, rig }) => {
    const delivery = model.deliveries.findLast((one) => model.isCurrent(one));
    const job = delivery && model.jobs.get(delivery.jobId);
    if (!job) return;
    await rig.engine.queue.complete({ workerId: delivery.worker, wireId: delivery.wireId }, '"last"');
    model.end(job, 'COMPLETED', { output: '"last"' });
  },
};

export const gatewayCrash = fc
  .record({ gone: fc.subarray(WORKERS), moment: fc.constantFrom(...Object.keys(LAST_MOMENTS)) })
  .map(({ gone, moment }) =>
    command({
      name: `the gateway crashes ${moment}, and ${gone.join(', ') || 'no worker'} with it`,
      async run(pair) {
        const { model, rig, polls, waits } = pair;
        const isGone = (id: string) => gone.includes(id);
        await LAST_MOMENTS[moment]?.(pair);
        const crashed = rig.crash(isGone);
        polls.clear();
        waits.clear();
        model.restarted(isGone);
        await crashed;
        await agree(pair);
      },
    }),
  );
