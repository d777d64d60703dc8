import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock } from '@spillway/sdk/clock';
import { afterAll, describe, expect, it } from 'vitest';
import type { BatchStore } from '../src/batches/batch-store.ts';
import { createBatches, type RequestView } from '../src/batches/batches.ts';
import { createSqliteBatchStore } from '../src/batches/sqlite/sqlite-batch-store.ts';
import { openDatabase } from '../src/db/open.ts';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import { batchSubmission } from '../src/http/batch/batch-submission.ts';
import { createJobEngine } from '../src/jobs/engine.ts';
import { createRandomIds } from '../src/lib/ids.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-batch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RETENTION_MS = 60_000;
/** More than are submitted at once. */
const REQUESTS = 250;
const endpoint = newTestEndpoint({ name: 'echo' });

interface Crash {
  /** Which call of the batch store is the last one. */
  readonly atCall: number;
  /** Whether that call still takes effect. */
  readonly side: 'before' | 'after';
}

/** Engine and batches of one gateway's life over a file. */
function openRun(path: string, startAt: number, crash?: Crash) {
  const clock = createManualClock(startAt);
  const ids = createRandomIds();
  const db = openDatabase(path);
  const onError = () => {};
  const engine = createJobEngine({
    ...{ db, clock, ids, endpoints: ['echo'], retentionMs: RETENTION_MS, onError },
    cancelGraceMs: () => 5_000,
    onOverdueWorker: () => {},
  });
  const real = createSqliteBatchStore(db);
  const store = crash ? crashing(real, crash) : real;
  const batches = createBatches({
    ...{ store, queue: engine.queue, clock, ids, onError },
    toSubmission: ({ batchId, body }) => batchSubmission(endpoint, batchId, body),
  });
  return {
    ...{ engine, batches, clock, db },
    /** In the order of a gateway's start. */
    async start() {
      await batches.start();
      await engine.start(() => true);
    },
    /** Plays workers until no job is left; answers what they were given. */
    async work(limit = Number.POSITIVE_INFINITY): Promise<number[]> {
      const inputs: number[] = [];
      while (inputs.length < limit) {
        const request = { endpoint: 'echo', workerId: 'w1', leaseMs: 40_000, max: 1, acceptsSuspects: true };
        const taken = await Promise.all(
          Array.from({ length: Math.min(100, limit - inputs.length) }, () => engine.queue.take(request)),
        );
        const jobs = taken.flat().map(({ after }) => after);
        if (jobs.length === 0) break;
        inputs.push(...jobs.map((job) => (JSON.parse(job.input) as { n: number }).n));
        await Promise.all(
          jobs.map((job) =>
            engine.queue.complete({ workerId: 'w1', wireId: job.lease?.wireId ?? '' }, job.input),
          ),
        );
      }
      return inputs;
    },
    async stop() {
      await batches.stop();
      const stopped = engine.stop();
      await clock.advance(0);
      await stopped;
      await engine.close();
    },
  };
}

/** A store that dies at a certain call, and whose later calls never come back. */
function crashing(store: BatchStore, { atCall, side }: Crash): BatchStore {
  let calls = 0;
  return new Proxy(store, {
    get:
      (target, name) =>
      async (...args: unknown[]) => {
        calls += 1;
        const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        if (calls < atCall) return call(...args);
        if (calls === atCall && side === 'after') await call(...args);
        throw new Error('crashed');
      },
  });
}

const bodies = Array.from({ length: REQUESTS }, (_, n) => `{"input":{"n":${n}}}`);
const everyInput = Array.from({ length: REQUESTS }, (_, n) => n);
const outputs = (requests: readonly RequestView[]) =>
  requests.map(({ output }) => (JSON.parse(output ?? 'null') as { n: number } | null)?.n);

let files = 0;
function freshFile(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

/** What a client does that repeats a call whose answer it did not get. */
async function makeAndFinalize(run: ReturnType<typeof openRun>): Promise<string> {
  const { batches } = await run.batches.list('echo', { offset: 0, limit: 10 });
  const id = batches[0]?.id ?? (await run.batches.create('echo', bodies)).id;
  await run.batches.finalize({ endpoint: 'echo', id });
  return id;
}

describe('a batch whose gateway crashes', () => {
  const points = Array.from({ length: 18 }, (_, index) => index + 1).flatMap((atCall) =>
    (['before', 'after'] as const).map((side) => ({ atCall, side })),
  );

  it.each(points)('$side store call $atCall runs every request, and none twice', async (crash) => {
    const path = freshFile();
    const first = openRun(path, 1_800_000_000_000, crash);
    const reached = await first
      .start()
      .then(() => makeAndFinalize(first))
      .catch(() => 'crashed');
    await first.clock.settle();
    const ran = reached === 'crashed' ? [] : await first.work(60);
    await first.clock.settle();
    first.db.close();

    const second = openRun(path, 1_800_000_001_000);
    await second.start();
    const id = await makeAndFinalize(second);
    await second.clock.settle();
    const all = [...ran, ...(await second.work())];
    expect(all.toSorted((a, b) => a - b)).toEqual(everyInput);
    const view = await second.batches.requests({ endpoint: 'echo', id }, { offset: 0, limit: REQUESTS });
    expect(outputs(view.requests)).toEqual(everyInput);
    expect(await second.batches.get({ endpoint: 'echo', id })).toMatchObject({
      status: 'FINALIZED',
      requests: { waiting: 0, submitted: 0, completed: REQUESTS, failed: 0 },
    });
    await second.stop();
  });

  it('keeps results that ended just before, though it comes back when the jobs’ retention is over', async () => {
    const path = freshFile();
    const first = openRun(path, 1_800_000_000_000);
    await first.start();
    const id = await makeAndFinalize(first);
    await first.clock.settle();
    await first.work();
    // Nothing was copied yet: that waits for a while, and the gateway dies first.
    first.db.close();

    const second = openRun(path, 1_800_000_000_000 + 10 * RETENTION_MS);
    await second.start();
    await second.clock.advance(20_000);
    const left = Number(second.db.prepare('SELECT count(*) AS n FROM jobs').get()?.n);
    expect(left).toBe(0);
    const view = await second.batches.requests({ endpoint: 'echo', id }, { offset: 0, limit: REQUESTS });
    expect(outputs(view.requests)).toEqual(everyInput);
    await second.stop();
  });

  it('goes on cancelling what a cancelled batch has left', async () => {
    const path = freshFile();
    const first = openRun(path, 1_800_000_000_000);
    await first.start();
    const id = await makeAndFinalize(first);
    await first.clock.settle();
    await first.work(10);
    // The state is on disk, its jobs are not cancelled yet.
    first.db.exec(`UPDATE batches SET status = 'CANCELLED'`);
    first.db.close();

    const second = openRun(path, 1_800_000_001_000);
    await second.start();
    expect(await second.work()).toEqual([]);
    expect(await second.batches.get({ endpoint: 'echo', id })).toMatchObject({
      status: 'CANCELLED',
      requests: { waiting: 0, submitted: 0, completed: 10, failed: REQUESTS - 10 },
    });
    await second.stop();
  });

  it('knows after a restart which requests run', async () => {
    const path = freshFile();
    const first = openRun(path, 1_800_000_000_000);
    await first.start();
    const id = await makeAndFinalize(first);
    await first.clock.settle();
    const request = { endpoint: 'echo', workerId: 'w1', leaseMs: 40_000, max: 1, acceptsSuspects: true };
    const [taken] = await first.engine.queue.take(request);
    first.db.close();

    const second = openRun(path, 1_800_000_001_000);
    await second.batches.start();
    // Its worker lives on.
    await second.engine.start(() => false);
    expect(await second.batches.get({ endpoint: 'echo', id })).toMatchObject({ runningCount: 1 });
    const { requests } = await second.batches.requests({ endpoint: 'echo', id }, { offset: 0, limit: 2 });
    expect(requests[0]).toMatchObject({
      isRunning: true,
      startedAt: 1_800_000_000_000,
      jobId: taken?.after.id,
    });
    await second.engine.queue.complete({ workerId: 'w1', wireId: taken?.after.id ?? '' }, '{"n":0}');
    expect(await second.batches.get({ endpoint: 'echo', id })).toMatchObject({
      runningCount: 0,
      requests: { completed: 1 },
    });
    await second.stop();
  });
});

it('tries again when the store fails, and tells of it', async () => {
  const path = freshFile();
  const run = openRun(path, 1_800_000_000_000);
  await run.start();
  const id = await makeAndFinalize(run);
  await run.clock.settle();
  await run.work();
  run.db.exec('ALTER TABLE batch_requests RENAME TO hidden');
  await expect(run.batches.get({ endpoint: 'echo', id })).rejects.toThrow();
  await run.clock.advance(200);
  run.db.exec('ALTER TABLE hidden RENAME TO batch_requests');
  await run.clock.advance(1_000);
  expect(await run.batches.get({ endpoint: 'echo', id })).toMatchObject({
    requests: { completed: REQUESTS },
  });
  await run.stop();
});
