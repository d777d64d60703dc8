import { afterEach, expect, test } from 'vitest';
import type { LocalView } from './decide-route.ts';
import { createTestSpill, type PlayedCall, testRemote } from './test-spill.ts';

// Two backends at a RunPod that is played here. Jobs may wait 10 s here, and at each of them.

const RULE = { queueDelayMs: 10_000 };

/** What became of a job there. */
type Played = 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED' | 'CANCELLED';

function createScene({ local = { type: 'none' } as LocalView, maxInFlight = 10 } = {}) {
  const jobs = new Map<string, Played>();
  /** What befalls the next calls: an answer in place of the real one, or a real one that never gets back. */
  const there = {
    begins: { first: false, second: true } as Record<string, boolean>,
    losesCancels: false,
    local,
    onCancel: (_id: string): void => {},
  };
  function answer({ remote, operation, id }: PlayedCall): unknown {
    if (operation === 'health') return { jobs: {}, workers: { running: 1 } };
    if (operation === 'run') {
      const made = `${remote}-${jobs.size + 1}`;
      jobs.set(made, 'IN_QUEUE');
      return { id: made, status: 'IN_QUEUE' };
    }
    if (operation === 'cancel') {
      there.onCancel(id);
      if (jobs.get(id) === 'IN_QUEUE') jobs.set(id, 'CANCELLED');
      if (there.losesCancels) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
      return { id, status: jobs.get(id) };
    }
    if (jobs.get(id) === 'IN_QUEUE' && there.begins[remote]) jobs.set(id, 'COMPLETED');
    return { id, status: jobs.get(id), output: remote, stream: [] };
  }
  const scene = createTestSpill({
    answer,
    local: () => there.local,
    endpoint: local.type === 'none' ? {} : { backends: ['process', 'runpod'] },
    remotes: [
      testRemote({ ...RULE, endpointId: 'first', maxInFlight }),
      testRemote({ ...RULE, endpointId: 'second' }),
    ],
  });
  const attempts = async (id: string) => {
    const ended = await scene.engine.queue.attempts(id);
    return scene.store.ofJob(id).map(({ workerId, remoteEndpoint, reason }) => ({
      ...{ remoteEndpoint, reason },
      end: ended.find((one) => one.workerId === workerId),
    }));
  };
  return { ...scene, jobs, there, attempts };
}

let scene: ReturnType<typeof createScene>;
afterEach(() => scene.stop());

test('a job that waits too long at a backend goes on to the next within a second, and both attempts say why', async () => {
  scene = createScene();
  const { engine, clock, spill, jobs, attempts } = scene;
  await spill.start();
  const { id } = await engine.submit({});
  await clock.advance(9_900);
  expect([...jobs]).toEqual([['first-1', 'IN_QUEUE']]);
  await clock.advance(1_000);
  expect([...jobs.keys()]).toEqual(['first-1', 'second-2']);
  expect(jobs.get('first-1')).toBe('CANCELLED');
  await clock.advance(5_000);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'COMPLETED', output: '"second"' });
  const why = /^it had waited 10\.\d s in the queue of first, 10 s are allowed/;
  expect(await attempts(id)).toMatchObject([
    {
      remoteEndpoint: 'first',
      end: { outcome: 'handed-back', failure: { message: expect.stringMatching(why) } },
    },
    {
      remoteEndpoint: 'second',
      reason: { code: 'MOVED_ON', message: expect.stringMatching(why) },
      end: { outcome: 'completed' },
    },
  ]);
});

test('one whose backend begins it just before the cancel stays there, and its result counts', async () => {
  scene = createScene();
  const { engine, clock, spill, jobs, there, attempts } = scene;
  await spill.start();
  const { id } = await engine.submit({});
  there.onCancel = (remoteId) => jobs.set(remoteId, 'COMPLETED');
  await clock.advance(20_000);
  expect([...jobs]).toEqual([['first-1', 'COMPLETED']]);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'COMPLETED', output: '"first"' });
  expect(await attempts(id)).toMatchObject([{ remoteEndpoint: 'first', end: { outcome: 'completed' } }]);
});

test('a cancel whose answer is lost counts as no lost worker, and the job goes on once it is known', async () => {
  scene = createScene();
  const { engine, clock, spill, jobs, there, attempts } = scene;
  await spill.start();
  const { id } = await engine.submit({});
  there.losesCancels = true;
  await clock.advance(10_100);
  there.losesCancels = false;
  await clock.advance(10_000);
  expect([...jobs]).toEqual([
    ['first-1', 'CANCELLED'],
    ['second-2', 'COMPLETED'],
  ]);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'COMPLETED', lostCount: 0 });
  expect(await attempts(id)).toMatchObject([
    { end: { outcome: 'handed-back' } },
    { end: { outcome: 'completed' } },
  ]);
});

test('while jobs wait in vain at the first, new ones go straight to the second, and it is tried again later', async () => {
  scene = createScene();
  const { engine, clock, spill, jobs, attempts } = scene;
  await spill.start();
  await engine.submit({});
  await clock.advance(11_000);
  const { id } = await engine.submit({});
  await clock.advance(100);
  expect([...jobs.keys()]).toEqual(['first-1', 'second-2', 'second-3']);
  expect((await attempts(id))[0]?.reason.message).toContain(
    'first takes none: jobs wait too long in its queue',
  );
  await clock.advance(10_000);
  await engine.submit({});
  await clock.advance(100);
  expect([...jobs.keys()].at(-1)).toBe('first-4');
});

test('of several only as many come home as hands are free here, and the others keep their place', async () => {
  scene = createScene({ local: { type: 'able', freeHands: 0 } });
  const { engine, clock, spill, jobs, there } = scene;
  there.begins = { first: false, second: false };
  await spill.start();
  const submitted = [];
  for (let i = 0; i < 3; i += 1) {
    submitted.push(await engine.submit({}));
    await clock.advance(1_000);
  }
  // Once they have gone on to the second there is no further one.
  await clock.advance(40_000);
  expect([...jobs.values()].filter((status) => status === 'IN_QUEUE')).toHaveLength(3);
  there.local = { type: 'able', freeHands: 1 };
  spill.poke();
  await clock.advance(20);
  const home = await Promise.all(submitted.map(({ id }) => engine.queue.get(id)));
  expect(home.map((job) => job?.lease === undefined)).toEqual([true, false, false]);
  const taken = await engine.take('w1');
  expect(taken.map(({ id }) => id)).toEqual([submitted[0]?.id]);
});

test('a gateway that ends between the cancel there and its own record brings the job on, uncounted', async () => {
  scene = createScene();
  const { engine, clock, spill, jobs, store } = scene;
  await spill.start();
  const { id } = await engine.submit({});
  await clock.advance(100);
  const [attempt] = store.ofJob(id);
  // As it lies on disk from before the cancel on.
  const stopped = spill.stop();
  await clock.advance(6_000);
  await stopped;
  await store.end(attempt?.workerId ?? '', 'cancel', clock.now());
  jobs.set('first-1', 'CANCELLED');
  const next = createTestSpill({
    engine,
    remotes: [testRemote({ ...RULE, endpointId: 'second' })],
    answer: ({ operation }) =>
      operation === 'run' ? { id: 's', status: 'IN_QUEUE' } : { id: 's', status: 'COMPLETED', output: 2 },
  });
  await next.spill.start();
  await clock.advance(15_000);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'COMPLETED', output: '2', lostCount: 0 });
  const stoppedNext = next.spill.stop();
  await clock.advance(6_000);
  await stoppedNext;
});
