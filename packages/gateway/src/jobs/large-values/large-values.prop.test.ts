import { createManualClock } from '@spillway/sdk/clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openDatabase } from '../../db/open.ts';
import { createCountingIds } from '../../lib/counting-ids.ts';
import type { Job } from '../job.ts';
import { createTestEngine } from '../test-engine.ts';
import { createTestValueBytes } from './test-value-bytes.ts';
import { parseReference } from './value-reference.ts';

const MINUTES_11 = 11 * 60_000;
const LARGE = JSON.stringify('x'.repeat(270_000));
const NEVER_LOST = { workerLost: 1_000, handlerError: 0 };

/** Mostly whole lives of jobs with large values, since what is to be forgotten must have been there. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('submit'), isLarge: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('take') }) },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constantFrom('done', 'fail', 'chunk'), isLarge: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('retry', 'delete') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('lose', 'sweep', 'restart', 'away', 'crash at submit', 'crash at done'),
      }),
    },
  ),
  { minLength: 20, maxLength: 50 },
);

/** One gateway after the other over the same file and store. */
function createWorld() {
  const db = openDatabase(':memory:');
  const store = createTestValueBytes();
  const ids = createCountingIds();
  const clock = createManualClock();
  const start = () => createTestEngine({ db, ids, clock, valueBytes: store.bytes });
  let engine = start();
  let held: Job[] = [];
  const by = ({ lease, attempt }: Job) => ({
    ...{ workerId: lease?.workerId ?? '', wireId: lease?.wireId ?? '', attempt },
  });

  async function restart(): Promise<void> {
    store.release();
    store.fail(undefined);
    engine = start();
    await engine.queue.restore(() => true);
    engine.dispatcher.wake(['echo']);
    held = [];
  }
  /** The call never comes back: the process is gone. */
  async function crashIn(call: Promise<unknown>): Promise<void> {
    void call.catch(() => undefined);
    for (let turns = 0; turns < 30; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    await restart();
  }
  const ended = async () =>
    (await engine.queue.list({ limit: 100 })).jobs.filter(({ finishedAt }) => finishedAt !== undefined);

  const acts: Record<string, (isLarge: boolean) => Promise<unknown>> = {
    submit: (isLarge) => engine.submit({ input: isLarge ? LARGE : '{}', limits: NEVER_LOST }),
    async take() {
      if (engine.queue.counts('echo').ready > 0) held.push(...(await engine.take('w1')));
    },
    async done(isLarge) {
      const job = held.pop();
      if (job) await engine.queue.complete(by(job), isLarge ? LARGE : '1');
    },
    async fail(isLarge) {
      const job = held.pop();
      if (job) await engine.queue.fail(by(job), { error: 'x', output: isLarge ? LARGE : '1' });
    },
    async chunk(isLarge) {
      const job = held.at(-1);
      if (job) await engine.queue.appendChunk(by(job), isLarge ? LARGE : '1');
    },
    async lose() {
      await engine.queue.handBack('w1', 'x');
      held = [];
    },
    async retry() {
      for (const { id } of (await ended()).slice(0, 1)) await engine.queue.retry(id);
    },
    async delete() {
      for (const { id } of (await ended()).slice(0, 1)) await engine.queue.remove(id);
    },
    async sweep() {
      await clock.advance(MINUTES_11);
      while ((await engine.sweepValues()) > 0);
    },
    restart,
    async away() {
      store.fail(new Error('away'));
      await engine.submit({ input: LARGE }).catch(() => undefined);
      const job = held.at(-1);
      if (job) await engine.queue.complete(by(job), LARGE).catch(() => undefined);
      store.fail(undefined);
    },
    async 'crash at submit'() {
      store.hold();
      await crashIn(engine.submit({ input: LARGE }));
    },
    async 'crash at done'() {
      store.hold();
      const job = held.at(-1);
      await crashIn(job ? engine.queue.complete(by(job), LARGE) : Promise.resolve());
    },
  };

  return {
    store,
    act: (type: string, isLarge: boolean) => acts[type]?.(isLarge),
    sweep: () => acts.sweep?.(false),
    /** Keys that jobs name. */
    async named(): Promise<string[]> {
      const keys: string[] = [];
      for (const { id } of (await engine.queue.list({ limit: 100 })).jobs) {
        const job = await engine.queue.get(id);
        for (const text of [job?.input, job?.output, ...(await engine.queue.readChunks(id, 0))]) {
          const value = parseReference(text);
          if (!value) continue;
          keys.push(value.key);
        }
      }
      return keys.sort();
    },
  };
}

test('whatever happens to jobs, what they name is there, and what is there is named', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const world = createWorld();
      for (const step of list) {
        await world.act(step.type, 'isLarge' in step && step.isLarge);
        const kept = new Set(world.store.kept.keys());
        for (const key of await world.named()) expect(kept).toContain(key);
      }
      await world.sweep();
      expect([...world.store.kept.keys()].sort()).toEqual(await world.named());
    }),
    { numRuns: 40 },
  );
}, 60_000);
