import fc from 'fast-check';
import { expect } from 'vitest';
import type { Reporter } from '../../src/jobs/job-machine.ts';
import { agree, type Pair } from './agreement.ts';
import { advance, drain, gatewayCrash, workerCrash } from './calamities.ts';
import {
  type Command,
  command,
  deliveryOf,
  hasDeliveries,
  hasJobs,
  jobOf,
  leave,
  which,
  worker,
} from './command.ts';
import { LIMITS } from './limits.ts';
import type { ModelJob } from './model.ts';

/** What callers and workers may ask of an engine, as commands of fast-check, and how often each of all commands comes. */
const LARGE = JSON.stringify('x'.repeat(20_000));

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
