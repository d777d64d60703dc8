import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openDatabase } from '../../db/open.ts';
import type { JobStore } from '../job-store.ts';
import { newTestJob } from '../new-test-job.ts';
import { createSqliteJobStore } from './sqlite-job-store.ts';
import { createHeldWriter } from './test-held-writer.ts';
import { createInlineWriter } from './writer.ts';

const NOW = 1_800_000_000_000;
/** So small that lines run out and overflow all the time. */
const LIMITS = { readJobs: 2, mostKept: 3 };
const TAKE = { endpoint: 'echo', workerId: 'w', leaseMs: 40_000, acceptsSuspects: true };

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('insert'), n: fc.integer({ min: -1, max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('take'), n: fc.integer({ min: 1, max: 2 }) }) },
  fc.record({ type: fc.constant('hand back'), n: fc.nat(20) }),
  fc.record({ type: fc.constant('cancel'), n: fc.nat(20) }),
  fc.record({ type: fc.constant('disk'), n: fc.nat(3) }),
);
const steps = fc.array(step, { maxLength: 60 });

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

interface Known {
  readonly id: string;
  readonly priority: number;
  readonly seq: number;
}

const inOrder = (a: Known, b: Known) => b.priority - a.priority || a.seq - b.seq;
const insert = (store: JobStore, { id, priority }: Known) => store.insert(newTestJob({ id, priority }));
const handBack = (store: JobStore, id: string) =>
  store.apply(id, { type: 'handed-back', workerId: 'w', reason: 'test' }, NOW);

test('jobs are taken in the order of delivery, whatever became of those before', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const db = openDatabase(':memory:');
      const store = createSqliteJobStore(db, createInlineWriter(db), { lineLimits: LIMITS });
      let queued: Known[] = [];
      const running: Known[] = [];
      let seq = 0;
      for (const { type, n } of list) {
        if (type === 'insert') {
          seq += 1;
          const job = { id: `j${seq}`, priority: n, seq };
          queued.push(job);
          await insert(store, job);
        } else if (type === 'take') {
          queued.sort(inOrder);
          const taken = await store.take({ ...TAKE, max: n }, NOW);
          const due = queued.slice(0, n);
          expect(taken.map(({ after }) => after.id)).toEqual(due.map(({ id }) => id));
          queued = queued.slice(n);
          running.push(...due);
        } else if (type === 'hand back' && running.length > 0) {
          const [job] = running.splice(n % running.length, 1);
          if (!job) continue;
          queued.push(job);
          await handBack(store, job.id);
        } else if (type === 'cancel' && queued.length > 0) {
          const [job] = queued.splice(n % queued.length, 1);
          await store.apply(job?.id ?? '', { type: 'cancelled' }, NOW);
        }
      }
      await store.close();
    }),
  );
});

test('no job is lost or given twice while batches are on their way, or fail', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const db = openDatabase(':memory:');
      const held = createHeldWriter(createInlineWriter(db));
      const store = createSqliteJobStore(db, held.writer, { lineLimits: LIMITS });
      const [waiting, running] = [new Set<string>(), new Set<string>()];
      const asked: Promise<unknown>[] = [];
      const ask = (promise: Promise<unknown>) => asked.push(promise);
      const take = async (max: number) => {
        const taken = await store.take({ ...TAKE, max }, NOW).catch(() => []);
        for (const { after } of taken) {
          expect(waiting.delete(after.id)).toBe(true);
          running.add(after.id);
        }
      };
      let seq = 0;
      for (const { type, n } of list) {
        if (type === 'insert') {
          seq += 1;
          const job = { id: `j${seq}`, priority: n, seq };
          // Given to a worker of the same batch it is heard of there first.
          waiting.add(job.id);
          ask(insert(store, job).catch(() => waiting.delete(job.id)));
        } else if (type === 'take') ask(take(n));
        else if (type === 'hand back' && running.size > 0) {
          const id = [...running][n % running.size] ?? '';
          running.delete(id);
          waiting.add(id);
          ask(
            handBack(store, id).catch(() => {
              waiting.delete(id);
              running.add(id);
            }),
          );
        } else if (type === 'disk') {
          if (n === 0 && held.waiting() > 0) held.refuse();
          held.letGo();
        }
        await nextTurn();
      }
      const ends = { all: Promise.all(asked), isOver: false };
      void ends.all.then(() => {
        ends.isOver = true;
      });
      while (!ends.isOver) {
        held.letGo();
        await nextTurn();
      }
      const rest = take(1_000);
      await nextTurn();
      held.letGo();
      await rest;
      expect([...waiting]).toEqual([]);
      await store.close();
    }),
  );
});
