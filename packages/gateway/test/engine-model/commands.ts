import type { JobFailure } from '@spillway/protocol';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Reporter } from '../../src/jobs/job-machine.ts';
import { agree, type Pair } from './agreement.ts';
import { LIMITS } from './limits.ts';
import type { Delivery, EngineModel, ModelJob } from './model.ts';

/**
 * All that may happen to an engine, as commands of fast-check: each does it to the engine and to the model, and then
 * the two must agree. One long file, since it is one table: what may happen, and how often.
 */
type Command = fc.AsyncCommand<EngineModel, Pair>;

interface Step {
  /** As it stands in a counterexample. */
  readonly name: string;
  check?(model: EngineModel): boolean;
  run(pair: Pair): Promise<void>;
}

function command({ name, check, run }: Step): Command {
  return {
    check: (model) => check?.(model as EngineModel) ?? true,
    run: async (_model, pair) => run(pair),
    toString: () => name,
  };
}

const WORKERS = ['w1', 'w2', 'w3'];
const LARGE = JSON.stringify('x'.repeat(20_000));
const CRASH: JobFailure = { type: 'WORKER_CRASHED', message: 'it crashed' };
const worker = fc.constantFrom(...WORKERS);
/** Which of those that are there, counted from the newest: old ones are rarely of interest. */
const which = fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(30) });

const jobOf = (model: EngineModel, n: number): ModelJob | undefined =>
  model.all().at(-1 - (n % model.jobs.size));
const hasJobs = (model: EngineModel) => model.jobs.size > 0;
const deliveryOf = (model: EngineModel, n: number) =>
  model.deliveries.at(-1 - (n % model.deliveries.length)) as Delivery;
const hasDeliveries = (model: EngineModel) => model.deliveries.length > 0;

const submit = fc
  .record({
    ttlMs: fc.constantFrom(4_000, 15_000, 60_000),
    executionTimeoutMs: fc.constantFrom(3_000, 10_000),
    workerLost: fc.nat(2),
    handlerError: fc.nat(1),
    priority: fc.constantFrom(0, 0, 0, 1, -1),
    delayMs: fc.constantFrom(0, 0, 0, 1_000, 2_500),
    key: fc.constantFrom(undefined, undefined, undefined, 'a', 'b'),
    fingerprint: fc.constantFrom('same', 'same', 'other'),
  })
  .map(({ workerLost, handlerError, key, fingerprint, ...more }) =>
    command({
      name: `submit ${JSON.stringify({ ...more, workerLost, handlerError, key, fingerprint })}`,
      async run(pair) {
        const { model, rig } = pair;
        const limits = { workerLost, handlerError };
        const asked = { endpoint: 'echo', input: '{}', isLowPriority: false, isSync: false, limits, ...more };
        const known = key === undefined ? undefined : model.keys.get(key);
        const id = await submitted();
        if (!known && id !== undefined) {
          const queuedAt = model.now + more.delayMs;
          const times = { queuedAt, availableAt: queuedAt, expiresAt: queuedAt + more.ttlMs };
          model.submit({ id, ...more, mayLose: workerLost, mayFail: handlerError, ...times });
          if (key !== undefined) model.keys.set(key, { jobId: id, fingerprint });
        }
        await agree(pair);

        async function submitted(): Promise<string | undefined> {
          if (key === undefined) return (await rig.engine.queue.submit(asked)).id;
          const result = await rig.engine.queue.submitOnce(asked, { key, fingerprint });
          if (!known) expect(result.type).toBe('inserted');
          else expect(result.type).toBe(known.fingerprint === fingerprint ? 'repeated' : 'conflict');
          if (known) expect(result.jobId).toBe(known.jobId);
          return result.jobId;
        }
      },
    }),
  );

const take = fc
  .record({ worker, max: fc.constantFrom(1, 1, 3), hangsUp: fc.constantFrom(false, false, true) })
  .map(({ hangsUp, ...one }) =>
    command({
      name: `take ${JSON.stringify({ ...one, hangsUp })}`,
      check: (model) => !model.takers.has(one.worker),
      async run(pair) {
        const { model, rig, polls } = pair;
        // A poll of free hands says that nothing runs here any more.
        if (model.heldBy(one.worker).length === 0) {
          rig.engine.stops.freeHands(one.worker);
          model.stops.delete(one.worker);
        } else {
          rig.engine.stops.asks(one.worker);
          model.asks(one.worker);
        }
        const poll = rig.take(one.worker, one.max);
        polls.set(one.worker, poll);
        model.takers.set(one.worker, { ...one, endsAt: model.now + LIMITS.holdMs, got: [], isGone: false });
        // The client is gone before the answer is: what was taken for it goes back, and counts for nothing.
        await (hangsUp ? leave(pair, one.worker) : agree(pair));
      },
    }),
  );

const hangUp = worker.map((one) =>
  command({
    name: `hangUp ${one}`,
    check: (model) => model.takers.has(one),
    run: (pair) => leave(pair, one),
  }),
);

/** The client of an open poll hangs up. */
async function leave(pair: Pair, gone: string): Promise<void> {
  const taker = pair.model.takers.get(gone);
  if (taker) taker.isGone = true;
  pair.polls.get(gone)?.hangUp();
  await agree(pair, (job) => taker?.got.includes(job.id) ?? false);
}

/**
 * What a heartbeat or a farewell names of what its worker holds, `deaf` also what it should have stopped; of a worker
 * that got a job once.
 */
const naming = fc.record({ which, names: fc.constantFrom('all', 'deaf', 'none', 'none', 'first') });

function beating(
  what: string,
  one: { which: number; names: string },
  run: (pair: Pair, by: string, others: ModelJob[], wireIds: ReadonlySet<string>) => Promise<unknown>,
): Command {
  return command({
    name: `${what} of the worker of delivery -${one.which} names ${one.names}`,
    check: hasDeliveries,
    async run(pair) {
      const by = deliveryOf(pair.model, one.which).worker;
      const held = pair.model.heldBy(by);
      const named = held.slice(0, { all: held.length, deaf: held.length, none: 0, first: 1 }[one.names]);
      const wireIds = new Set(named.map((job) => job.lease?.wireId ?? ''));
      if (one.names === 'deaf') for (const stop of pair.model.stops.get(by) ?? []) wireIds.add(stop.wireId);
      pair.rig.engine.stops.stillRuns(by, wireIds);
      pair.model.namesOnly(by, wireIds);
      for (const job of named) pair.model.renew(job);
      await run(pair, by, held.slice(named.length), wireIds);
      await agree(pair);
    },
  });
}

const ping = naming.map((one) =>
  beating('ping', one, async ({ model, rig }, by, others, wireIds) => {
    for (const job of others) {
      if (!job.lease) continue;
      job.lease.misses += 1;
      if (job.lease.misses === 3) model.lose(job, false);
    }
    await rig.engine.queue.heartbeat(by, wireIds);
  }),
);

const farewell = naming.map((one) =>
  beating('farewell', one, async ({ model, rig }, by, others, wireIds) => {
    for (const job of others) model.requeue(job);
    await rig.engine.queue.farewell(by, wireIds);
  }),
);

const pause = fc.constantFrom(true, false, false).map((isPaused) =>
  command({
    name: isPaused ? 'pause' : 'resume',
    async run(pair) {
      pair.model.isPaused = isPaused;
      const { dispatcher } = pair.rig.engine;
      if (isPaused) dispatcher.pause('echo');
      else dispatcher.resume('echo');
      await agree(pair);
    },
  }),
);

/** A report of some delivery, of today or of long ago; workers of ours name the attempt. */
const report = fc.record({ which, withAttempt: fc.boolean() });

function reporting(
  what: string,
  { which: n, withAttempt }: { which: number; withAttempt: boolean },
  run: (pair: Pair, by: Reporter, job: ModelJob | undefined) => Promise<unknown>,
): Command {
  return command({
    name: `${what} of delivery -${n}${withAttempt ? ' with its attempt' : ''}`,
    check: hasDeliveries,
    async run(pair) {
      const delivery = deliveryOf(pair.model, n);
      const { worker: workerId, wireId, attempt, jobId } = delivery;
      const by = { workerId, wireId, ...(withAttempt ? { attempt } : {}) };
      await run(pair, by, pair.model.isCurrent(delivery) ? pair.model.jobs.get(jobId) : undefined);
      await agree(pair);
    },
  });
}

const progress = report.map((one) =>
  reporting('progress', one, async ({ model, rig }, by, job) => {
    if (job) job.progress = '"half"';
    if (job) model.renew(job);
    await rig.engine.queue.progress(by, '"half"');
  }),
);

const complete = fc
  .record({ one: report, output: fc.constantFrom('1', LARGE, undefined) })
  .map(({ one, output }) =>
    reporting(`complete with ${output?.length ?? 'no'} characters`, one, async ({ model, rig }, by, job) => {
      rig.engine.stops.obeyed(by.workerId, by.wireId);
      model.keepStops(by.workerId, ({ wireId }) => wireId !== by.wireId);
      if (job) model.end(job, 'COMPLETED', output === undefined ? {} : { output });
      await rig.engine.queue.complete(by, output);
    }),
  );

const fail = fc.record({ one: report, isRetryable: fc.boolean() }).map(({ one, isRetryable }) =>
  reporting(
    `fail (${isRetryable ? 'may be repeated' : 'for good'})`,
    one,
    async ({ model, rig }, by, job) => {
      rig.engine.stops.obeyed(by.workerId, by.wireId);
      model.keepStops(by.workerId, ({ wireId }) => wireId !== by.wireId);
      if (job) model.fail(job, 'no luck', isRetryable);
      await rig.engine.queue.fail(by, { error: 'no luck', isRetryable });
    },
  ),
);

const chunk = fc.record({ one: report, number: fc.constantFrom(undefined, 0, 1, 2) }).map(({ one, number }) =>
  reporting(`chunk ${number ?? ''}`, one, async ({ model, rig }, by, job) => {
    const isNew = job !== undefined && (number === undefined || number >= job.chunks.length);
    if (job && isNew) model.renew(job);
    if (job && isNew) job.chunks.push(`"${job.chunks.length}"`);
    await rig.engine.queue.appendChunk(by, `"${(job?.chunks.length ?? 1) - 1}"`, number);
  }),
);

/** Something that a client asks about one job. */
function asking(what: string, run: (pair: Pair, job: ModelJob) => Promise<unknown>): fc.Arbitrary<Command> {
  return which.map((n) =>
    command({
      name: `${what} job -${n}`,
      check: hasJobs,
      async run(pair) {
        const job = jobOf(pair.model, n);
        if (job) await run(pair, job);
        await agree(pair);
      },
    }),
  );
}

const cancel = asking('cancel', async ({ model, rig }, job) => {
  if (job.finishedAt === undefined) model.end(job, 'CANCELLED', {});
  await rig.engine.queue.cancel(job.id);
});

const retry = asking('retry', async ({ model, rig }, job) => {
  if (job.status === 'FAILED' || job.status === 'TIMED_OUT') model.retry(job);
  await rig.engine.queue.retry(job.id);
});

const readStream = asking('read the stream of', async ({ rig }, job) => {
  expect(await rig.engine.queue.drainChunks(job.id)).toEqual(job.chunks.slice(job.drained));
  job.drained = job.chunks.length;
});

const waitForEnd = asking('wait for', async ({ model, rig, waits }, job) => {
  waits.add({ jobId: job.id, endsAt: model.now + LIMITS.waitMs, held: rig.waitForEnd(job.id) });
});

const remove = asking('delete', async ({ model, rig }, job) => {
  const isEnded = job.finishedAt !== undefined;
  if (isEnded) model.forget(job.id);
  expect(await rig.engine.queue.remove(job.id)).toBe(isEnded);
});

const countAhead = asking('ask what stands before', async ({ model, rig }, job) => {
  if (!model.isReady(job)) return;
  expect(await rig.engine.queue.jobsAhead(job.id)).toBe(model.ready().indexOf(job));
});

const purge = fc.constant(
  command({
    name: 'purge',
    async run(pair) {
      const waiting = pair.model.all().filter(({ status }) => status === 'IN_QUEUE');
      for (const job of waiting) pair.model.end(job, 'CANCELLED', {});
      expect(await pair.rig.engine.queue.purge('echo')).toBe(waiting.length);
      await agree(pair);
    },
  }),
);

const pollStops = worker.map((by) =>
  command({
    name: `${by} asks what to stop`,
    async run(pair) {
      const untold = (pair.model.stops.get(by) ?? []).filter(({ isTold }) => !isTold);
      for (const stop of untold)
        Object.assign(stop, { isTold: true, hasAsked: stop.hasAsked || pair.model.takers.has(by) });
      const told = pair.rig.engine.stops.poll(by, 0, new AbortController().signal);
      await pair.rig.clock.advance(0);
      expect(await told).toEqual(untold.map(({ wireId }) => wireId));
      await agree(pair);
    },
  }),
);

const workerCrash = worker.map((by) =>
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

const drain = worker.map((by) =>
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

const advance = fc.constantFrom(1, 1, 2, 4, 4, 8, 40).map((steps) =>
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

const gatewayCrash = fc
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

/** How often each comes; what destroys a lot is rare, so that there is something to destroy. */
const WEIGHTS = new Map<fc.Arbitrary<Command>, number>([
  ...[submit, take].map((one) => [one, 20] as const),
  ...[complete, advance].map((one) => [one, 12] as const),
  ...[ping, chunk].map((one) => [one, 8] as const),
  ...[fail, progress, retry, waitForEnd, readStream].map((one) => [one, 4] as const),
  ...[cancel, pollStops, workerCrash].map((one) => [one, 3] as const),
  ...[hangUp, countAhead, gatewayCrash, pause].map((one) => [one, 2] as const),
  ...[drain, purge, remove, farewell].map((one) => [one, 1] as const),
]);

export const COMMANDS = fc.oneof(...[...WEIGHTS].map(([arbitrary, weight]) => ({ weight, arbitrary })));
