import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../db/open.ts';
import type { JobStore } from '../job-store.ts';
import { newTestJob } from '../new-test-job.ts';
import { createSqliteJobStore } from './sqlite-job-store.ts';
import { createHeldWriter } from './test-held-writer.ts';
import { createInlineWriter } from './writer.ts';

const NOW = 1_800_000_000_000;

let held: ReturnType<typeof createHeldWriter>;
let store: JobStore;

beforeEach(() => {
  const db = openDatabase(':memory:');
  held = createHeldWriter(createInlineWriter(db));
  store = createSqliteJobStore(db, held.writer);
});
afterEach(async () => {
  const closed = store.close();
  for (let turn = 0; turn < 10; turn += 1) {
    held.letGo();
    await nextTurn();
  }
  await closed;
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Runs all batches until nothing is left to write. */
async function writeAll(): Promise<void> {
  await nextTurn();
  while (held.waiting() > 0) {
    held.letGo();
    await nextTurn();
  }
}

const outcome = async (promise: Promise<unknown>) => (await Promise.allSettled([promise]))[0]?.status;
const take = (workerId: string) =>
  store.take({ endpoint: 'echo', workerId, leaseMs: 40_000, max: 1, acceptsSuspects: true }, NOW);

it('decides the next batch while one is being written, and answers neither before it is on disk', async () => {
  let answers = 0;
  const first = store.insert(newTestJob({ id: 'a' })).then(() => (answers += 1));
  await nextTurn();
  const second = store.apply('a', { type: 'cancelled' }, NOW).then((transition) => {
    answers += 1;
    return transition;
  });
  await nextTurn();
  expect(held.waiting()).toBe(2);
  expect(answers).toBe(0);
  held.letGo();
  await first;
  expect(answers).toBe(1);
  held.letGo();
  expect((await second)?.after.status).toBe('CANCELLED');
});

it('shows nobody what is not on disk yet', async () => {
  const inserted = store.insert(newTestJob({ id: 'a' }));
  await nextTurn();
  let seen = false;
  const read = store.get('a').then((job) => {
    seen = true;
    return job;
  });
  await nextTurn();
  expect(seen).toBe(false);
  held.letGo();
  expect((await read)?.id).toBe('a');
  await inserted;
});

it('decides anew what rested on something that could not be written', async () => {
  held.refuse();
  const lost = outcome(store.insert(newTestJob({ id: 'a' })));
  await nextTurn();
  const cancelled = store.apply('a', { type: 'cancelled' }, NOW);
  const other = outcome(store.insert(newTestJob({ id: 'b' })));
  await writeAll();
  expect(await lost).toBe('rejected');
  // There is no such job, and never was.
  expect(await cancelled).toBeUndefined();
  expect(await other).toBe('fulfilled');
  expect(await store.get('a')).toBeUndefined();
  expect((await store.get('b'))?.status).toBe('IN_QUEUE');
  expect(store.counts('echo')).toMatchObject({ inQueue: 1, ready: 1 });
});

it('gives a job to nobody when its submit could not be written, and the next one to whoever still waits', async () => {
  held.refuse();
  const taken = take('w1');
  const lost = outcome(store.insert(newTestJob({ id: 'a' })));
  await nextTurn();
  held.letGo();
  expect(await lost).toBe('rejected');
  expect(await taken).toEqual([]);
  const again = take('w1');
  const inserted = store.insert(newTestJob({ id: 'b' }));
  await writeAll();
  await inserted;
  expect((await again).map((one) => one.after.id)).toEqual(['b']);
  expect(store.counts('echo')).toMatchObject({ inQueue: 0, inProgress: 1 });
});

it('gives a job that went out in the batch before to no second worker', async () => {
  const inserted = store.insert(newTestJob({ id: 'a' }));
  await writeAll();
  await inserted;
  const first = take('w1');
  await nextTurn();
  const second = take('w2');
  await nextTurn();
  await writeAll();
  expect((await first).map((one) => one.after.id)).toEqual(['a']);
  expect(await second).toEqual([]);
});

it('takes one key once, also while the first submit is being written', async () => {
  const once = { key: 'k', fingerprint: 'f' };
  const first = store.insert(newTestJob({ id: 'a' }), once);
  await nextTurn();
  const second = store.insert(newTestJob({ id: 'b' }), once);
  await writeAll();
  expect(await first).toEqual({ type: 'inserted' });
  expect(await second).toEqual({ type: 'repeated', jobId: 'a' });
});

it('hands each chunk to one reader, however fast they ask', async () => {
  const started = [store.insert(newTestJob({ id: 'a' })), take('w1')];
  await writeAll();
  await Promise.all(started);
  const by = { workerId: 'w1', wireId: 'a' };
  const sent = ['1', '2', '3'].map((chunk) => store.appendChunk('a', by, { chunk }, NOW));
  await writeAll();
  await Promise.all(sent);
  const first = store.drainChunks('a');
  await nextTurn();
  const second = store.drainChunks('a');
  const more = store.appendChunk('a', by, { chunk: '4' }, NOW);
  await writeAll();
  await more;
  await writeAll();
  expect(await first).toEqual(['1', '2', '3']);
  expect(await second).toEqual(['4']);
});

it('a job with a long input that is taken before it is on disk is taken with its input', async () => {
  const input = JSON.stringify({ text: 'x'.repeat(100_000) });
  const inserted = store.insert(newTestJob({ input, extras: '{"s3Config":{}}' }));
  await nextTurn();
  expect(held.waiting()).toBe(1);
  const taken = store.take(
    { endpoint: 'echo', workerId: 'w', leaseMs: 1_000, max: 1, acceptsSuspects: true },
    NOW,
  );
  await nextTurn();
  await writeAll();
  await inserted;
  const [transition] = await taken;
  expect(transition?.after.input).toBe(input);
  expect(transition?.after.extras).toBe('{"s3Config":{}}');
});

it('and so is one that is taken when nothing but the file has its input', async () => {
  const input = JSON.stringify({ text: 'x'.repeat(100_000) });
  for (const id of ['a', 'b']) void store.insert(newTestJob({ id, input: id === 'a' ? input : '{}' }));
  await writeAll();
  const taken = store.take(
    { endpoint: 'echo', workerId: 'w', leaseMs: 1_000, max: 2, acceptsSuspects: true },
    NOW,
  );
  await writeAll();
  expect((await taken).map(({ after }) => after.input)).toEqual([input, '{}']);
});
