import { beforeEach, expect, test } from 'vitest';
import { createArtifactLedger } from '../../artifacts/artifact-ledger.ts';
import type { Job } from '../job.ts';
import { createTestEngine } from '../test-engine.ts';
import { createTestValueBytes } from './test-value-bytes.ts';

const LARGE = JSON.stringify({ text: 'ä😀'.repeat(150_000) });
const SMALL = '{"a":1}';
const MINUTES_11 = 11 * 60_000;

let store: ReturnType<typeof createTestValueBytes>;
let engine: ReturnType<typeof createTestEngine>;
beforeEach(() => {
  store = createTestValueBytes();
  engine = createTestEngine({ valueBytes: store.bytes });
});

const taken = async (worker: string) => {
  const [job] = await engine.take(worker);
  if (!job) throw new Error('no job was there');
  return job;
};
const BOTH = ['input', 'output'] as const;
const asItIs = (job: Job) => job;
const whole = (job: Job) => engine.queue.withWhole(job, BOTH, asItIs);
const found = async (id: string) => {
  const job = await engine.queue.get(id);
  return job && whole(job);
};
const by = (job: { lease?: { workerId: string; wireId: string } | undefined; attempt: number }) => ({
  ...{ workerId: job.lease?.workerId ?? '', wireId: job.lease?.wireId ?? '', attempt: job.attempt },
});

test('a large input and a large output are kept beside the rows, and come back letter for letter', async () => {
  const { id } = await engine.submit({ input: LARGE });
  expect([...store.kept.keys()]).toEqual([expect.stringMatching(/^values\/input_/)]);
  const job = await whole(await taken('w1'));
  expect(job.input).toBe(LARGE);
  const ended = await engine.queue.complete(by(job), LARGE);
  expect(ended?.after.output).toMatch(/^@\d+ values\/output_/);
  expect((await found(id))?.output).toBe(LARGE);
  expect(store.kept.size).toBe(2);
  const rows = engine.db.prepare('SELECT output AS text FROM job_outputs UNION SELECT input FROM job_inputs');
  for (const { text } of rows.all()) expect(String(text).length).toBeLessThan(100);
  await engine.queue.remove(id);
});

test('small values never meet the store', async () => {
  const before = store.kept.size;
  store.fail(new Error('no small value comes here'));
  const { id } = await engine.submit({ input: SMALL });
  await engine.queue.complete(by(await taken('w1')), SMALL);
  expect((await engine.queue.get(id))?.output).toBe(SMALL);
  expect(store.kept.size).toBe(before);
});

test('a job that is deleted takes its large values along, and other jobs keep theirs', async () => {
  const ids = [await engine.submit({ input: LARGE }), await engine.submit({ input: LARGE })].map(
    ({ id }) => id,
  );
  await engine.queue.complete(by(await taken('w1')), LARGE);
  await engine.queue.remove(ids[0] ?? '');
  await engine.clock.advance(MINUTES_11);
  expect(await engine.sweepValues()).toBe(2);
  expect(store.kept.size).toBe(1);
  expect((await whole(await taken('w2'))).input).toBe(LARGE);
});

test('what is over its retention takes its large values along', async () => {
  const { id } = await engine.submit({ input: LARGE });
  await engine.queue.complete(by(await taken('w1')), LARGE);
  const before = store.kept.size;
  await engine.clock.advance(MINUTES_11);
  expect(await engine.queue.removeEndedBefore(engine.clock.now(), 10)).toBeGreaterThan(0);
  expect(await engine.queue.get(id)).toBeUndefined();
  await engine.sweepValues();
  expect(store.kept.size).toBe(before - 2);
});

test('a retry by hand finds the input, and the old output goes', async () => {
  const { id } = await engine.submit({ input: LARGE });
  const first = await taken('w1');
  await engine.queue.fail(by(first), { error: 'no luck', output: LARGE });
  expect(await found(id)).toMatchObject({ status: 'FAILED', output: LARGE });
  await engine.queue.retry(id);
  const again = await whole(await taken('w3'));
  expect(again).toMatchObject({ id, attempt: 2, input: LARGE });
  await engine.queue.complete(by(again), SMALL);
  await engine.clock.advance(MINUTES_11);
  await engine.sweepValues();
  expect((await whole(again)).input).toBe(LARGE);
  expect([...store.kept.keys()].filter((key) => key.startsWith('values/output'))).toEqual([]);
});

test('a store that is away takes no job, keeps a result for its next try, and says so', async () => {
  store.fail(new Error('connect ECONNREFUSED'));
  const { inQueue } = engine.queue.counts('echo');
  await expect(engine.submit({ input: LARGE })).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('nothing was accepted, try again (connect ECONNREFUSED)'),
  });
  expect(engine.queue.counts('echo').inQueue).toBe(inQueue);
  const { id } = await engine.submit({ input: SMALL });
  const job = await taken('w9');
  await expect(engine.queue.complete(by(job), LARGE)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect((await engine.queue.get(id))?.status).toBe('IN_PROGRESS');
  store.fail(undefined);
  await engine.queue.complete(by(job), LARGE);
  expect((await found(id))?.output).toBe(LARGE);
});

test('bytes that take long to write are not swept away under their job', async () => {
  const slow = createTestValueBytes();
  const other = createTestEngine({ valueBytes: slow.bytes });
  const goOn = slow.hold();
  const submitted = other.submit({ input: LARGE });
  await expect.poll(() => slow.kept.size).toBe(1);
  await other.clock.advance(MINUTES_11);
  expect(await other.sweepValues()).toBe(0);
  goOn();
  await submitted;
  const [job] = await other.take('w1');
  expect(job && (await other.queue.withWhole(job, BOTH, asItIs)).input).toBe(LARGE);
});

test('progress that is too long for a row is told of, and the job goes on', async () => {
  const { id } = await engine.submit({});
  const job = await taken('w1');
  await engine.queue.progress(by(job), LARGE);
  const told = JSON.parse((await engine.queue.get(id))?.progress ?? '');
  expect(told).toBe(
    `progress of ${LARGE.length} characters is not shown, since it is over 256 KiB: yield or return as much`,
  );
  await engine.queue.progress(by(job), SMALL);
  expect((await engine.queue.get(id))?.progress).toBe(SMALL);
  await engine.queue.complete(by(job), SMALL);
});

test('what may be kept is bounded: a submit is refused, and a result without room ends its job', async () => {
  const ledger = createArtifactLedger([], { perKeyBytes: 2 * LARGE.length });
  const other = createTestEngine({ valueBytes: createTestValueBytes().bytes, valueQuota: ledger.values });
  const submit = () => other.submit({ input: LARGE, keyId: 'k1' });
  const { id } = await submit();
  await expect(submit()).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  await other.submit({ input: LARGE, keyId: 'k2' });
  const [job] = await other.take('w1');
  if (!job) throw new Error('no job was there');
  expect(job.id).toBe(id);
  await other.queue.complete(by(job), LARGE);
  const ended = await other.queue.get(id);
  expect(ended).toMatchObject({
    status: 'FAILED',
    error: expect.stringMatching(
      /its output could not be kept: .*artifacts\.quota\.perKey.* DELETE \/v1\/jobs/,
    ),
  });
  expect(ended).not.toHaveProperty('output');
  expect(ledger.of('k1').values).toBe(1);
  await other.queue.remove(id);
  await other.clock.advance(MINUTES_11);
  await other.sweepValues();
  expect(ledger.of('k1')).toMatchObject({ bytes: 0, values: 0 });
  await submit();
});

test('large chunks are kept beside the rows, in their order, and go with their job', async () => {
  const { id } = await engine.submit({});
  const job = await taken('w1');
  const chunks = ['0', LARGE, SMALL];
  for (const [number, chunk] of chunks.entries()) await engine.queue.appendChunk(by(job), chunk, number);
  await engine.queue.appendChunk(by(job), LARGE, 1);
  const read = await engine.queue.readChunks(id, 0);
  expect(read[1]).toMatch(/^@\d+ values\/chunk_/);
  const drained = await engine.queue.drainChunks(id);
  expect(await engine.queue.withWholeTexts(drained, (texts) => texts)).toEqual(chunks);
  expect(await engine.queue.drainChunks(id)).toEqual([]);
  await engine.queue.complete(by(job), SMALL);
  await engine.clock.advance(MINUTES_11);
  await engine.sweepValues();
  // The repeated one is not kept.
  expect(store.kept.size).toBe(1);
  await engine.queue.remove(id);
  await engine.sweepValues();
  expect(store.kept.size).toBe(0);
});

test('a further delivery drops the large chunks of the one before', async () => {
  const { id } = await engine.submit({});
  await engine.queue.appendChunk(by(await taken('w1')), LARGE, 0);
  await engine.queue.handBack('w1', 'its worker was stopped');
  const again = await taken('w2');
  await engine.queue.appendChunk(by(again), LARGE, 0);
  await engine.clock.advance(MINUTES_11);
  await engine.sweepValues();
  expect(store.kept.size).toBe(1);
  const [chunk = ''] = await engine.queue.drainChunks(id);
  expect(await engine.queue.withWholeTexts([chunk], ([text]) => text)).toBe(LARGE);
});

test('chunks that can’t be read now are not handed out, and come when they can', async () => {
  const { id } = await engine.submit({});
  await engine.queue.appendChunk(by(await taken('w1')), LARGE, 0);
  store.fail(new Error('away'));
  await expect(engine.queue.drainChunks(id)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  store.fail(undefined);
  expect(await engine.queue.drainChunks(id)).toHaveLength(1);
});

test('a chunk without room ends its job, and says why', async () => {
  const ledger = createArtifactLedger([], { perKeyBytes: LARGE.length });
  const other = createTestEngine({ valueBytes: createTestValueBytes().bytes, valueQuota: ledger.values });
  const { id } = await other.submit({ keyId: 'k1' });
  const [job] = await other.take('w1');
  if (!job) throw new Error('no job was there');
  await other.queue.appendChunk(by(job), LARGE, 0);
  expect(await other.queue.get(id)).toMatchObject({
    status: 'FAILED',
    error: expect.stringMatching(/a chunk of its stream could not be kept: .*artifacts\.quota\.perKey/),
  });
});

test('where jobs may go by their size, a large input counts with all its bytes', async () => {
  const other = createTestEngine({ valueBytes: createTestValueBytes().bytes });
  const { id } = await other.submit({ input: LARGE });
  const bytes = Buffer.byteLength(LARGE);
  const query = { endpoint: 'echo', before: other.clock.now(), withLowPriority: true, limit: 10 };
  expect(await other.queue.waitingSince({ ...query, mostBytes: bytes - 1 })).toEqual([]);
  expect((await other.queue.waitingSince({ ...query, mostBytes: bytes }))[0]?.id).toBe(id);
});
