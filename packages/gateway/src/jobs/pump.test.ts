import type { JobFailure } from '@spillway/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestEngine } from './test-engine.ts';

const CRASH: JobFailure = { type: 'WORKER_CRASHED', message: 'it crashed' };

describe('jobs and takers', () => {
  let engine: ReturnType<typeof createTestEngine>;
  let failures: unknown[];
  beforeEach(() => {
    failures = [];
    engine = createTestEngine({ onError: (error) => failures.push(error) });
  });
  afterEach(async () => expect(await engine.stop()).toBe(0));

  const ids = (jobs: readonly { id: string }[]) => jobs.map((job) => job.id);
  /** Two jobs of one worker that died: each must run alone now. */
  const twoSuspects = async () => {
    const suspects = [await engine.submit(), await engine.submit()];
    await engine.take('dead', { max: 2 });
    const die = async () => {
      await engine.workerLost('dead', CRASH);
      await engine.clock.settle();
    };
    return { suspects: ids(suspects), die };
  };

  it('a suspect finds the worker with free hands behind busy ones that wait', async () => {
    const { suspects, die } = await twoSuspects();
    const other = await engine.submit();
    expect(ids(await engine.take('busy'))).toEqual([other.id]);
    const busy = engine.take('busy');
    await die();
    await engine.queue.cancel(suspects[1] ?? '');
    expect(ids(await engine.take('free'))).toEqual(suspects.slice(0, 1));
    engine.dispatcher.close('busy');
    expect(await busy).toEqual([]);
  });

  it('a suspect finds a worker at the moment when its hands become free', async () => {
    const { suspects, die } = await twoSuspects();
    const mine = [await engine.submit(), await engine.submit()];
    await engine.take('busy', { max: 2 });
    const waiting = engine.take('busy');
    await die();
    await Promise.all(mine.map(({ id }) => engine.queue.complete({ workerId: 'busy', wireId: id }, '1')));
    expect(ids(await waiting)).toEqual(suspects.slice(0, 1));
  });

  it('takers wait on while the store can’t be written, and have their jobs when it can', async () => {
    const job = await engine.submit();
    engine.db.exec('PRAGMA query_only = ON');
    const waiting = engine.take('w1');
    await engine.clock.advance(5_000);
    expect(failures.length).toBeGreaterThan(1);
    engine.db.exec('PRAGMA query_only = OFF');
    await engine.clock.advance(1_000);
    expect(ids(await waiting)).toEqual([job.id]);
  });

  it('takers whose time is over while the store can’t be written are answered empty', async () => {
    await engine.submit();
    engine.db.exec('PRAGMA query_only = ON');
    const waiting = engine.take('w1', { holdMs: 3_000 });
    await engine.clock.advance(3_000);
    expect(await waiting).toEqual([]);
    engine.db.exec('PRAGMA query_only = OFF');
    await engine.clock.advance(1_000);
    expect(engine.queue.counts('echo').ready).toBe(1);
  });
});
