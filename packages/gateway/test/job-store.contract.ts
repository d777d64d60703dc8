import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideTransition, type JobEvent } from '../src/jobs/job-machine.ts';
import type { JobStore } from '../src/jobs/job-store.ts';
import { newTestJob } from '../src/jobs/new-test-job.ts';

const START = 1_800_000_000_000;
const LARGE = JSON.stringify('x'.repeat(300_000));

/** What every job store must do. `open` gives a fresh, empty one; `reopen` the same data after a restart. */
export function jobStoreContract(name: string, open: () => JobStore, reopen: () => JobStore): void {
  describe(`a job store on ${name}`, () => {
    let store: JobStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    const take = (workerId: string, now = START, acceptsSuspects = true) =>
      store
        .take({ endpoint: 'echo', workerId, leaseMs: 40_000, max: 1, acceptsSuspects }, now)
        .then(([taken]) => taken);

    it('gives back what was put in, text for text, small or large, also after a restart', async () => {
      const job = newTestJob({ input: '{"a":1.0}', extras: LARGE, webhook: 'https://example.test/hook' });
      await store.insert(job);
      expect(await store.get('j')).toEqual(job);
      await store.close();
      store = reopen();
      expect(await store.get('j')).toEqual(job);
      expect(await store.get('unknown')).toBeUndefined();
    });

    it('hands jobs out oldest first, each to one worker', async () => {
      for (const id of ['a', 'b', 'c']) await store.insert(newTestJob({ id }));
      const taken = await Promise.all(['w1', 'w2', 'w3', 'w4'].map((worker) => take(worker)));
      expect(taken.map((one) => one?.after.id)).toEqual(['a', 'b', 'c', undefined]);
    });

    it('gives a large input whole to every worker that gets the job', async () => {
      const job = newTestJob({ input: LARGE, extras: '{"a":1}' });
      await store.insert(job);
      expect((await take('w1'))?.after).toMatchObject({ input: LARGE, extras: '{"a":1}' });
      expect(await store.get('j')).toMatchObject({ input: LARGE, extras: '{"a":1}' });
      const back = store.apply('j', { type: 'handed-back', workerId: 'w1', reason: 'x' }, START);
      expect((await take('w2'))?.after).toMatchObject({ input: LARGE, extras: '{"a":1}' });
      await back;
      await store.apply('j', { type: 'handed-back', workerId: 'w2', reason: 'x' }, START);
      expect((await take('w3'))?.after).toMatchObject({ input: LARGE, attempt: 3 });
    });

    it('hands out only jobs of the endpoint that asks', async () => {
      await store.insert(newTestJob({ id: 'other', endpoint: 'other' }));
      expect(await take('w1')).toBeUndefined();
    });

    it('a stale worker can change nothing once the job went to another', async () => {
      await store.insert(newTestJob({}));
      await take('w1');
      const lost: JobEvent = {
        type: 'lost',
        workerId: 'w1',
        failure: { type: 'LEASE_EXPIRED', message: 'x' },
        wasShared: false,
      };
      await store.apply('j', lost, START);
      await take('w2');
      const late = { type: 'completed', workerId: 'w1', wireId: 'j', output: '"late"' } as const;
      expect(await store.apply('j', late, START)).toBeUndefined();
      expect(
        await store.appendChunk('j', { workerId: 'w1', wireId: 'j' }, { chunk: '1' }, START),
      ).toBeUndefined();
      const good = { type: 'completed', workerId: 'w2', wireId: 'j', output: '"good"' } as const;
      await store.apply('j', good, START);
      expect(await store.get('j')).toMatchObject({ status: 'COMPLETED', output: '"good"' });
      const attempts = await store.attempts('j');
      expect(attempts.map((one) => [one.number, one.workerId, one.outcome])).toEqual([
        [1, 'w1', 'lost'],
        [2, 'w2', 'completed'],
      ]);
      expect(attempts[0]?.failure).toEqual({ type: 'LEASE_EXPIRED', message: 'x' });
    });

    it('keeps large outputs, and forgets them on a retry', async () => {
      await store.insert(newTestJob({}));
      await take('w1');
      await store.apply(
        'j',
        { type: 'errored', workerId: 'w1', wireId: 'j', error: 'e', output: LARGE },
        START,
      );
      expect((await store.get('j'))?.output).toBe(LARGE);
      await store.apply('j', { type: 'retried' }, START);
      expect((await store.get('j'))?.output).toBeUndefined();
    });

    it('one operation that fails takes no other of its group along', async () => {
      await store.insert(newTestJob({ id: 'same' }));
      const results = await Promise.allSettled([
        store.insert(newTestJob({ id: 'first' })),
        store.insert(newTestJob({ id: 'same' })),
        store.insert(newTestJob({ id: 'last' })),
      ]);
      expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await store.list({ limit: 10 })).jobs.map((job) => job.id)).toEqual(['last', 'first', 'same']);
      expect(store.counts('echo').inQueue).toBe(3);
    });

    it('drains each chunk once, and reads from an offset as often as wanted', async () => {
      await store.insert(newTestJob({}));
      await take('w1');
      const by = { workerId: 'w1', wireId: 'j' };
      for (const chunk of ['1', '"two"']) await store.appendChunk('j', by, { chunk }, START);
      expect(await store.drainChunks('j')).toEqual(['1', '"two"']);
      await store.appendChunk('j', by, { chunk: '3' }, START);
      expect(await store.drainChunks('j')).toEqual(['3']);
      expect(await store.drainChunks('j')).toEqual([]);
      expect(await store.readChunks('j', 1)).toEqual(['"two"', '3']);
    });

    it('adds a chunk that is sent again only once', async () => {
      await store.insert(newTestJob({}));
      await take('w1');
      const by = { workerId: 'w1', wireId: 'j', attempt: 1 };
      for (const number of [0, 0, 1, 1, 0])
        await store.appendChunk('j', by, { chunk: `${number}`, number }, START);
      expect(await store.readChunks('j', 0)).toEqual(['0', '1']);
      expect(await store.appendChunk('j', { ...by, attempt: 2 }, { chunk: '9' }, START)).toBeUndefined();
    });

    it('starts the stream anew on a further delivery', async () => {
      await store.insert(newTestJob({}));
      await take('w1');
      await store.appendChunk('j', { workerId: 'w1', wireId: 'j' }, { chunk: '"old"' }, START);
      await store.drainChunks('j');
      await store.apply('j', { type: 'handed-back', workerId: 'w1', reason: 'x' }, START);
      await take('w2');
      await store.appendChunk('j', { workerId: 'w2', wireId: 'j' }, { chunk: '"new"' }, START);
      expect(await store.drainChunks('j')).toEqual(['"new"']);
    });

    it('says when something is due, and what', async () => {
      expect(await store.nextDueAt()).toBeUndefined();
      await store.insert(newTestJob({ expiresAt: START + 500 }));
      expect(await store.nextDueAt()).toBe(START + 500);
      expect(await store.due(START + 499, 10)).toEqual([]);
      expect(await store.due(START + 500, 10)).toEqual(['j']);
    });

    it('holds a job that backs off until its time', async () => {
      await store.insert(newTestJob({ availableAt: START + 1_000 }));
      expect(await take('w1')).toBeUndefined();
      expect(await store.nextDueAt()).toBe(START + 1_000);
      expect(await store.wakeDelayed(START + 999)).toEqual([]);
      expect(await store.wakeDelayed(START + 1_000)).toEqual(['echo']);
      expect((await take('w1', START + 1_000))?.after.id).toBe('j');
    });

    it('delivers the higher priority first, and the older within one', async () => {
      const jobs = [
        ['low', -1],
        ['first', 0],
        ['urgent', 5],
        ['second', 0],
      ] as const;
      for (const [id, priority] of jobs) await store.insert(newTestJob({ id, priority }));
      expect(await store.jobsAhead('second')).toBe(2);
      expect(await store.queued('echo', 2)).toEqual(['urgent', 'first']);
      const order = [];
      for (let i = 0; i < 4; i += 1) order.push((await take('w1'))?.after.id);
      expect(order).toEqual(['urgent', 'first', 'second', 'low']);
    });

    it('finds the longest wait behind higher priorities too, but not among low-priority jobs', async () => {
      await store.insert(
        newTestJob({ id: 'old-low', queuedAt: START - 9, isLowPriority: true, priority: -1 }),
      );
      expect(await store.oldestQueuedAt('echo')).toBeUndefined();
      await store.insert(newTestJob({ id: 'old', queuedAt: START - 5 }));
      await store.insert(newTestJob({ id: 'urgent', priority: 3 }));
      expect(await store.oldestQueuedAt('echo')).toBe(START - 5);
    });

    it('takes a submit under one key once, also after a restart, and names another content', async () => {
      const once = { key: 'k', fingerprint: 'a' };
      expect(await store.insert(newTestJob({ id: 'one' }), once)).toEqual({ type: 'inserted' });
      await store.close();
      store = reopen();
      const results = await Promise.all([
        store.insert(newTestJob({ id: 'two' }), once),
        store.insert(newTestJob({ id: 'three' }), { key: 'k', fingerprint: 'b' }),
        store.insert(newTestJob({ id: 'other', endpoint: 'other' }), once),
      ]);
      expect(results).toEqual([
        { type: 'repeated', jobId: 'one' },
        { type: 'conflict', jobId: 'one' },
        { type: 'inserted' },
      ]);
      expect((await store.list({ endpoint: 'echo', limit: 9 })).jobs.map((job) => job.id)).toEqual(['one']);
    });

    it('finds jobs by tag and time', async () => {
      await store.insert(newTestJob({ id: 'a', tags: ['site-1', 'night'], createdAt: START }));
      await store.insert(newTestJob({ id: 'b', tags: ['site-1'], createdAt: START + 10 }));
      const ids = async (filter: object) =>
        (await store.list({ limit: 9, ...filter })).jobs.map((job) => job.id);
      expect(await ids({ tag: 'site-1' })).toEqual(['b', 'a']);
      expect(await ids({ tag: 'night' })).toEqual(['a']);
      expect(await ids({ tag: 'nobody' })).toEqual([]);
      expect(await ids({ since: START + 1 })).toEqual(['b']);
      expect(await ids({ until: START + 1, tag: 'site-1' })).toEqual(['a']);
      expect((await store.get('a'))?.tags).toEqual(['site-1', 'night']);
    });

    it('lists the jobs of several endpoints as one, page after page', async () => {
      const endpoints = ['a', 'b', 'hidden'];
      for (const n of [1, 2, 3])
        for (const endpoint of endpoints) await store.insert(newTestJob({ id: `${endpoint}${n}`, endpoint }));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const filter = { endpoints: ['a', 'b'], limit: 4, ...(cursor === undefined ? {} : { cursor }) };
        const page = await store.list(filter);
        expect(page.jobs.length).toBe(Math.min(4, 6 - seen.length));
        seen.push(...page.jobs.map((job) => job.id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(['b3', 'a3', 'b2', 'a2', 'b1', 'a1']);
      expect(await store.list({ endpoints: [], limit: 4 })).toEqual({ jobs: [] });
      const both = await store.list({ endpoints: ['a', 'b'], endpoint: 'a', limit: 9 });
      expect(both.jobs.map((job) => job.id)).toEqual(['a3', 'a2', 'a1']);
    });

    it('counts delayed jobs apart from those that could be delivered', async () => {
      await store.insert(newTestJob({ id: 'now' }));
      await store.insert(newTestJob({ id: 'later', availableAt: START + 1_000 }));
      expect(store.counts('echo')).toMatchObject({ inQueue: 2, ready: 1 });
      await store.wakeDelayed(START + 1_000);
      expect(store.counts('echo')).toMatchObject({ inQueue: 2, ready: 2 });
      await store.apply('later', { type: 'cancelled' }, START + 1_000);
      expect(store.counts('echo')).toMatchObject({ inQueue: 1, ready: 1 });
    });

    it('deletes an ended job, and no other', async () => {
      await store.insert(newTestJob({ id: 'queued' }));
      await store.insert(newTestJob({ id: 'ended' }));
      await store.apply('ended', { type: 'cancelled' }, START);
      expect(await store.remove('queued')).toBe(false);
      expect(await store.remove('unknown')).toBe(false);
      expect(await store.remove('ended')).toBe(true);
      expect((await store.list({ limit: 9 })).jobs.map((job) => job.id)).toEqual(['queued']);
    });

    it('a purge takes what waits and leaves what runs', async () => {
      await store.insert(newTestJob({ id: 'runs' }));
      await take('w1');
      await store.insert(newTestJob({ id: 'waits' }));
      expect(await store.apply('runs', { type: 'purged' }, START)).toBeUndefined();
      expect((await store.apply('waits', { type: 'purged' }, START))?.after.status).toBe('CANCELLED');
    });

    it('gives a suspect only to a worker with free hands', async () => {
      await store.insert(newTestJob({ id: 'suspect', isSuspect: true }));
      await store.insert(newTestJob({ id: 'plain' }));
      expect((await take('w1', START, false))?.after.id).toBe('plain');
      expect((await take('w2', START, true))?.after.id).toBe('suspect');
    });

    it('counts without losing count over restarts', async () => {
      for (const id of ['a', 'b', 'c', 'd'])
        await store.insert(newTestJob({ id, isLowPriority: id === 'd' }));
      await take('w1');
      await store.apply('a', { type: 'completed', workerId: 'w1', wireId: 'a' }, START);
      await take('w1');
      await store.apply('b', { type: 'handed-back', workerId: 'w1', reason: 'x' }, START);
      await store.apply('c', { type: 'cancelled' }, START);
      await take('w1');
      const expected = {
        completed: 1,
        failed: 0,
        retried: 1,
        inQueue: 1,
        ready: 1,
        lowPriorityReady: 1,
        inProgress: 1,
      };
      expect(store.counts('echo')).toEqual(expected);
      await store.close();
      store = reopen();
      expect(store.counts('echo')).toEqual(expected);
      expect((await store.running()).map((job) => job.id)).toEqual(['b']);
    });

    it('pages through the newest jobs first, by endpoint and status', async () => {
      for (const id of ['a', 'b', 'c']) await store.insert(newTestJob({ id }));
      await store.insert(newTestJob({ id: 'x', endpoint: 'other' }));
      const first = await store.list({ endpoint: 'echo', limit: 2 });
      expect(first.jobs.map((job) => job.id)).toEqual(['c', 'b']);
      const second = await store.list({ endpoint: 'echo', limit: 2, cursor: first.nextCursor ?? '' });
      expect(second.jobs.map((job) => job.id)).toEqual(['a']);
      expect(second.nextCursor).toBeUndefined();
      expect((await store.list({ status: 'COMPLETED', limit: 2 })).jobs).toEqual([]);
    });

    it('removes ended jobs with all they had, and no others', async () => {
      for (const id of ['old', 'new', 'queued']) await store.insert(newTestJob({ id, output: LARGE }));
      await store.apply('old', { type: 'cancelled' }, START);
      await store.apply('new', { type: 'cancelled' }, START + 10);
      expect(await store.removeEndedBefore(START + 5, 100)).toBe(1);
      expect((await store.list({ limit: 10 })).jobs.map((job) => job.id)).toEqual(['queued', 'new']);
    });

    it('agrees with the transition table over any sequence of events', async () => {
      const event = fc.oneof(
        fc
          .constantFrom('w1', 'w2')
          .map((workerId): JobEvent => ({ type: 'leased', workerId, leaseMs: 10_000 })),
        fc
          .constantFrom('w1', 'w2')
          .map((workerId): JobEvent => ({ type: 'completed', workerId, wireId: 'j', output: '1' })),
        fc
          .constantFrom('w1', 'w2')
          .map((workerId): JobEvent => ({ type: 'progressed', workerId, wireId: 'j', output: LARGE })),
        fc
          .constantFrom('w1', 'w2')
          .map((workerId): JobEvent => ({ type: 'handed-back', workerId, reason: 'x' })),
        fc.constantFrom<JobEvent>({ type: 'tick' }, { type: 'cancelled' }, { type: 'retried' }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(event, fc.integer({ min: 0, max: 9_000 })), { maxLength: 15 }),
          async (events) => {
            run += 1;
            const id = `run-${run}`;
            let model = newTestJob({ id });
            await store.insert(model);
            let now = START;
            for (const [one, afterMs] of events) {
              now += afterMs;
              const sent = 'wireId' in one ? { ...one, wireId: model.lease?.wireId ?? id } : one;
              model = decideTransition(model, sent, now)?.after ?? model;
              await store.apply(id, sent, now);
            }
            expect(await store.get(id)).toEqual(model);
          },
        ),
        { numRuns: 40 },
      );
    });
  });
}
