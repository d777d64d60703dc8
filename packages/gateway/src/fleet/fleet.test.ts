import type { JobFailure } from '@spillway/protocol';
import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { beforeEach, describe, expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createCountingIds } from '../lib/counting-ids.ts';
import { createFakeBackend, type FakeBackend, type FakeWorker } from './fake-backend.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { newTestCard } from './gpu/test-placer.ts';
import type { WorkerGpu } from './gpu/worker-gpu.ts';

const endpoint = newTestEndpoint();

let clock: ManualClock;
let backend: FakeBackend;
let fleet: Fleet;
let keys: Map<string, string>;
let drains: Map<string, { resolve: () => void; signal: AbortSignal }>;
let lost: [workerId: string, failure: JobFailure][];

beforeEach(() => {
  clock = createManualClock();
  backend = createFakeBackend();
  keys = new Map();
  drains = new Map();
  lost = [];
  fleet = createFleet({
    clock,
    ids: createCountingIds(),
    backends: [backend],
    hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
    hostname: 'box',
    heartbeatMs: 10_000,
    origin: () => 'http://127.0.0.1:1',
    keys: {
      issueKey: (workerId) => {
        keys.set(workerId, `key of ${workerId}`);
        return `key of ${workerId}`;
      },
      revokeKey: (workerId) => keys.delete(workerId),
    },
    log: { info: () => {}, warn: () => {} },
    drain: (workerId, signal) =>
      new Promise((resolve) => {
        drains.set(workerId, { resolve, signal });
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
      }),
    onWorkerLost: (workerId, _, failure) => {
      lost.push([workerId, failure]);
    },
  });
});

/** A worker that the backend has started. */
async function start(gpu?: WorkerGpu): Promise<{ id: string; process: FakeWorker }> {
  const id = fleet.startWorker(endpoint, gpu);
  await clock.advance(0);
  const process = backend.started.at(-1);
  if (!id || !process || process.id !== id) throw new Error('no worker was started');
  return { id, process };
}

/** A start whose worker exits at once with code 1, as often as it takes. */
async function crash(times: number, line = 'ImportError: no module named handler'): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await clock.advance(Math.max(0, fleet.nextStartAt(endpoint.name) - clock.now()));
    const { process } = await start();
    process.print(line);
    process.exit({ code: 1 });
    await clock.advance(0);
  }
}

const stateOf = (id: string) => fleet.worker(id)?.state;

describe('a worker of the fleet', () => {
  test('has a key of its own until it is gone', async () => {
    const { id, process } = await start();
    expect(process.spec.env).toMatchObject({ RUNPOD_POD_ID: id, RUNPOD_AI_API_KEY: `key of ${id}` });
    expect(keys.has(id)).toBe(true);
    process.exit();
    await clock.advance(0);
    expect(keys.has(id)).toBe(false);
  });

  test('sees the cards that it was put on and no others, and is told of them', async () => {
    const cards = [newTestCard(2, 24), newTestCard(3, 24)];
    const { id, process } = await start({ cards, memoryBytes: 7 });
    const seen = {
      CUDA_VISIBLE_DEVICES: 'GPU-2,GPU-3',
      RUNPOD_GPU_COUNT: '2',
      RUNPOD_GPU_NAME: 'NVIDIA+Test',
    };
    expect(process.spec.env).toMatchObject(seen);
    expect(process.spec.cards).toEqual(cards);
    expect(fleet.worker(id)?.gpu).toEqual({ cards: ['GPU-2', 'GPU-3'], memoryBytes: 7 });
    const blind = await start({ cards: [], memoryBytes: 0 });
    expect(blind.process.spec.env).toMatchObject({ CUDA_VISIBLE_DEVICES: '-1', RUNPOD_GPU_COUNT: '0' });
    const plain = await start();
    expect(plain.process.spec.env).not.toHaveProperty('CUDA_VISIBLE_DEVICES');
    expect(plain.process.spec).not.toHaveProperty('cards');
  });

  test('is counted by what it does', async () => {
    const [first, second] = [await start(), await start()];
    await start();
    fleet.noteTake(first.id);
    fleet.noteTake(second.id);
    fleet.noteJobs(second.id, 1);
    const counts = { idle: 1, ready: 1, initializing: 1, running: 1, throttled: 0, unhealthy: 0 };
    expect(fleet.counts(endpoint.name)).toEqual(counts);
    expect(fleet.counts('other')).toMatchObject({ idle: 0, initializing: 0, running: 0 });
  });

  test('that dies takes its jobs with it, and its last words are told', async () => {
    const { id, process } = await start();
    fleet.noteTake(id);
    fleet.noteJobs(id, 1);
    process.print('Segmentation fault');
    process.exit({ signal: 'SIGKILL' });
    await clock.advance(0);
    expect(lost).toEqual([
      [
        id,
        {
          type: 'WORKER_CRASHED',
          message: 'the worker was killed by SIGKILL (out of memory?)',
          logTail: 'Segmentation fault',
        },
      ],
    ]);
    expect(fleet.startProblem(endpoint.name)).toBeUndefined();
  });

  test('unknown workers are ignored', () => {
    fleet.noteTake('somebody');
    fleet.noteJobs('somebody', 1);
    fleet.refreshWorker('somebody');
    fleet.noteUnhealthy('somebody', 'x');
    expect(fleet.workers()).toEqual([]);
  });

  test('is shown for a while after its end, but not for ever', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 25; i += 1) {
      const { id, process } = await start();
      ids.push(id);
      fleet.noteJobs(id, 1);
      process.exit();
      await clock.advance(0);
    }
    expect(fleet.workers(endpoint.name).map(({ id }) => id)).toEqual(ids.slice(-20));
    expect(fleet.newestWorker(endpoint.name)).toBe(ids.at(-1));
  });
});

describe('stopping a worker', () => {
  test('waits for its jobs before it asks it to end', async () => {
    const { id, process } = await start();
    fleet.noteJobs(id, 1);
    const stopped = fleet.stopWorker(id, 'test');
    await clock.advance(60_000);
    expect(stateOf(id)).toBe('stopping');
    expect(process.signals).toEqual([]);
    drains.get(id)?.resolve();
    await stopped;
    expect(process.signals[0]).toBe('SIGTERM');
    expect(stateOf(id)).toBe('stopped');
    expect(clock.pending()).toEqual([]);
  });

  test('kills it when it does not end', async () => {
    backend.obeysSigterm = false;
    const { id, process } = await start();
    const stopped = fleet.stopWorker(id, 'test');
    await clock.advance(0);
    drains.get(id)?.resolve();
    await clock.advance(9_999);
    expect(process.signals).toEqual(['SIGTERM']);
    await clock.advance(1);
    expect(process.signals).toEqual(['SIGTERM', 'SIGKILL']);
    await stopped;
  });

  test('twice is one stop', async () => {
    const { id, process } = await start();
    const both = Promise.all([fleet.stopWorker(id, 'one'), fleet.stopWorker(id, 'two')]);
    await clock.advance(0);
    drains.get(id)?.resolve();
    await both;
    expect(process.signals.filter((signal) => signal === 'SIGTERM')).toHaveLength(1);
    expect(fleet.worker(id)?.stopReason).toBe('one');
  });

  test('goes on when the worker dies in the drain', async () => {
    const { id, process } = await start();
    const stopped = fleet.stopWorker(id, 'test');
    await clock.advance(0);
    process.exit({ code: 1 });
    await clock.advance(0);
    drains.get(id)?.resolve();
    await stopped;
    expect(stateOf(id)).toBe('stopped');
  });

  test('killing it ends it at once, and says so', async () => {
    const { id, process } = await start();
    fleet.noteJobs(id, 1);
    await fleet.killWorker(id, 'it went on with a cancelled job');
    expect(process.signals).toEqual(['SIGKILL']);
    expect(lost[0]?.[1].message).toBe('the worker was ended by the gateway: it went on with a cancelled job');
    expect(drains.size).toBe(0);
  });

  test('a worker that asked for a fresh one ends after its job', async () => {
    const { id, process } = await start();
    fleet.noteJobs(id, 1);
    fleet.refreshWorker(id);
    await clock.advance(0);
    expect(stateOf(id)).toBe('outdated');
    expect(fleet.counts(endpoint.name).running).toBe(1);
    fleet.noteJobs(id, 0);
    await clock.advance(0);
    drains.get(id)?.resolve();
    await clock.advance(0);
    expect(process.signals[0]).toBe('SIGTERM');
    expect(fleet.startProblem(endpoint.name)).toBeUndefined();
  });

  test('a worker that reports itself unhealthy and stays is ended', async () => {
    const { id, process } = await start();
    fleet.noteUnhealthy(id, 'gpu: no device');
    expect(fleet.counts(endpoint.name).unhealthy).toBe(1);
    await clock.advance(10_000);
    drains.get(id)?.resolve();
    await clock.advance(0);
    expect(process.signals[0]).toBe('SIGTERM');
    expect(fleet.startProblem(endpoint.name)?.message).toContain('reported itself unhealthy: gpu: no device');
  });
});

describe('stopping the fleet', () => {
  test('drains all workers, bounds the wait, and lets none start', async () => {
    const [first, second] = [await start(), await start()];
    const stopped = fleet.stop();
    expect(fleet.stop()).toBe(stopped);
    await clock.advance(0);
    drains.get(first.id)?.resolve();
    await clock.advance(0);
    expect(stateOf(first.id)).toBe('stopped');
    expect(stateOf(second.id)).toBe('stopping');
    expect(fleet.startWorker(endpoint)).toBeUndefined();
    await clock.advance(20_000);
    expect(drains.get(second.id)?.signal.aborted).toBe(true);
    await stopped;
    expect(stateOf(second.id)).toBe('stopped');
    expect(clock.pending()).toEqual([]);
  });

  test('ends workers that are just being started', async () => {
    const id = fleet.startWorker(endpoint);
    const stopped = fleet.stop();
    await clock.advance(20_000);
    await stopped;
    expect(stateOf(id ?? '')).toBe('stopped');
    expect(clock.pending()).toEqual([]);
  });
});

describe('starts that fail', () => {
  test('are held back longer and longer, then given up, and the reason is told', async () => {
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      await crash(1);
      waits.push(fleet.nextStartAt(endpoint.name) - clock.now());
      expect(fleet.startWorker(endpoint)).toBeUndefined();
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 300_000]);
    const problem = fleet.startProblem(endpoint.name);
    expect(problem).toMatchObject({ code: 'WORKER_CRASH_LOOP', failures: 5, gaveUp: true });
    expect(problem?.message).toBe(
      'no worker runs: the last 5 starts failed (given up after 5 failed starts, one more try in 5 min); ' +
        'the worker exited with code 1 before it asked for a job. Its last log lines:\n' +
        'ImportError: no module named handler',
    );
  });

  test('that were given up are tried again one at a time, later or when somebody asks', async () => {
    await crash(5);
    const changes: string[] = [];
    fleet.onChange(({ endpoint: name }) => changes.push(name));
    fleet.resume(endpoint.name);
    expect(changes).toEqual([endpoint.name]);
    await start();
    expect(fleet.startsAllowed(endpoint.name)).toBe(0);
  });

  test('are forgotten when a worker takes a job', async () => {
    await crash(3);
    await clock.advance(4_000);
    const { id } = await start();
    fleet.noteTake(id);
    expect(fleet.startProblem(endpoint.name)).toBeUndefined();
    expect(fleet.startsAllowed(endpoint.name)).toBe(1);
    fleet.noteJobs(id, 1);
    expect(fleet.startsAllowed(endpoint.name)).toBe(Number.POSITIVE_INFINITY);
  });

  test('of one endpoint do not hold back another', async () => {
    await crash(5);
    expect(fleet.startsAllowed('other')).toBe(Number.POSITIVE_INFINITY);
    expect(fleet.startProblem('other')).toBeUndefined();
  });

  test('blame no job: they are told as lost workers that held none', async () => {
    await crash(1);
    expect(lost[0]?.[1].message).toBe('the worker exited with code 1');
  });

  test('a refused start says why', async () => {
    backend.refuseWith("can't be started: the folder /nowhere (endpoints.mine.cwd) does not exist");
    const id = fleet.startWorker(endpoint);
    await clock.advance(0);
    expect(stateOf(id ?? '')).toBe('stopped');
    expect(keys.size).toBe(0);
    expect(fleet.startProblem(endpoint.name)?.message).toContain('the folder /nowhere');
  });

  test('a worker that is not ready in time is killed', async () => {
    const { id, process } = await start();
    await clock.advance(419_999);
    expect(process.signals).toEqual([]);
    await clock.advance(1);
    expect(process.signals).toEqual(['SIGKILL']);
    expect(stateOf(id)).toBe('stopped');
    expect(fleet.startProblem(endpoint.name)?.message).toContain('did not ask for a job within 420 s');
  });

  test('a worker that leaves with code 0 right after its first question counts too', async () => {
    const { id, process } = await start();
    fleet.noteTake(id);
    process.exit({ code: 0 });
    await clock.advance(0);
    expect(fleet.startProblem(endpoint.name)).toMatchObject({ failures: 1, gaveUp: false });
  });
});
