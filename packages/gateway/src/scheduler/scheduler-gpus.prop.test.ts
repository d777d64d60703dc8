import { createManualClock } from '@spillway/sdk/clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import type { PlacedWorker } from '../fleet/gpu/gpu-placer.ts';
import { GIGABYTE } from '../fleet/gpu/memory-text.ts';
import { createTestPlacer, newTestCard } from '../fleet/gpu/test-placer.ts';
import type { WorkerGpu } from '../fleet/gpu/worker-gpu.ts';
import { type SharingWorker, TURN_MS } from './decide-give-way.ts';
import { createScheduler } from './scheduler.ts';

// A machine that is too small for all: endpoints with more jobs than they can ever do, and one with a job now and then.
// Time is moved by hand.

interface Plan {
  readonly cards: readonly number[];
  readonly endpoints: readonly { readonly gigabytes: number; readonly jobMs: number; readonly max: number }[];
  readonly startMs: number;
}

type Worker = SharingWorker & PlacedWorker & { readonly busyUntil?: number };

const STEP_MS = 1_000;
const LONGEST_JOB_MS = 20_000;
const LONGEST_START_MS = 10_000;

const plan: fc.Arbitrary<Plan> = fc.record({
  // Each has room for any one worker.
  cards: fc.array(fc.integer({ min: 8, max: 16 }), { minLength: 1, maxLength: 2 }),
  endpoints: fc.array(
    fc.record({
      gigabytes: fc.integer({ min: 1, max: 7 }),
      jobMs: fc.integer({ min: STEP_MS, max: LONGEST_JOB_MS }),
      max: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 2, maxLength: 4 },
  ),
  startMs: fc.integer({ min: 0, max: LONGEST_START_MS }),
});

/** Plays it for so long; answers for each endpoint the longest time that a job waited at the head of its queue. */
async function play({ cards, endpoints, startMs }: Plan, forMs: number): Promise<readonly number[]> {
  const clock = createManualClock();
  const workers = new Map<string, Worker>();
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => void listener());
  const shared = endpoints.map(({ gigabytes, max }, index) =>
    newTestEndpoint({
      name: `e${index}`,
      gpu: { memoryBytes: gigabytes * GIGABYTE, count: 1 },
      workers: { min: 0, max, idleTimeoutMs: 60_000 },
      scaling: { type: 'REQUEST_COUNT', requestCount: 1 },
    }),
  );
  /** When the first job in the queue began to be the first. The last endpoint has a single job, the others ever more. */
  const headSince = endpoints.map(() => clock.now());
  const longest = endpoints.map(() => 0);
  const read = () => cards.map((gigabytes, index) => newTestCard(index, gigabytes));
  const put = (worker: Worker) => workers.set(worker.id, worker);
  let count = 0;
  const troubles: unknown[] = [];
  const scheduler = createScheduler({
    ...{ clock, endpoints: shared, log: { warn: (...trouble) => troubles.push(trouble) } },
    placer: createTestPlacer({
      ...{ clock, endpoints: shared, workers: () => [...workers.values()], cards: read },
    }),
    queue: {
      snapshot(name) {
        const index = shared.findIndex((endpoint) => endpoint.name === name);
        const inProgress = [...workers.values()].filter(
          ({ endpoint, jobs }) => endpoint === name && jobs > 0,
        ).length;
        const queued = index === endpoints.length - 1 ? 1 : 10;
        return { queued, queuedLowPriority: 0, inProgress, oldestQueuedAt: headSince[index] };
      },
    },
    fleet: {
      workers: (name) => [...workers.values()].filter(({ endpoint }) => endpoint === name),
      startsAllowed: () => Number.POSITIVE_INFINITY,
      nextStartAt: () => 0,
      startWorker({ name }, gpu?: WorkerGpu) {
        count += 1;
        const kept = { cards: gpu?.cards.map(({ id }) => id) ?? [], memoryBytes: gpu?.memoryBytes ?? 0 };
        put({
          ...{ id: `${name}-${count}`, endpoint: name, state: 'initializing', jobs: 0, gpu: kept },
          busyUntil: clock.now() + startMs,
        });
        troubles.push(...overfullCards(cards, [...workers.values()]));
        tell();
        return `${name}-${count}`;
      },
      async stopWorker(id) {
        const worker = workers.get(id);
        if (!worker) return;
        if (worker.jobs > 0) put({ ...worker, state: 'stopping' });
        else workers.delete(id);
        tell();
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  });
  scheduler.start();
  for (const end = clock.now() + forMs; clock.now() < end; await clock.advance(STEP_MS)) {
    const now = clock.now();
    for (const worker of workers.values()) {
      if ((worker.busyUntil ?? now) > now) continue;
      const index = Number(worker.endpoint.slice(1));
      if (worker.state === 'stopping') workers.delete(worker.id);
      else {
        longest[index] = Math.max(longest[index] ?? 0, now - (headSince[index] ?? now));
        headSince[index] = now;
        const { busyUntil: _, ...ready } = { readyAt: now, ...worker };
        put({ ...ready, state: 'running', jobs: 1, busyUntil: now + (endpoints[index]?.jobMs ?? 0) });
      }
    }
    tell();
  }
  await scheduler.stop();
  expect(troubles).toEqual([]);
  const end = clock.now();
  return longest.map((ms, index) => Math.max(ms, end - (headSince[index] ?? end)));
}

function overfullCards(cards: readonly number[], workers: readonly Worker[]): readonly string[] {
  return cards.flatMap((gigabytes, index) => {
    const held = workers.filter(({ gpu }) => gpu?.cards.includes(`GPU-${index}`));
    const sum = held.reduce((bytes, { gpu }) => bytes + (gpu?.memoryBytes ?? 0), 0);
    return sum < gigabytes * GIGABYTE ? [] : [`GPU-${index}`];
  });
}

test('however busy the others are, every endpoint gets its turn on a card, and no card is overfull', async () => {
  // Each of the others has a turn before, and each turn ends with a job, a look (10 s) and a start.
  const turnMs = 2 * TURN_MS + LONGEST_JOB_MS + LONGEST_START_MS + 10_000;
  await fc.assert(
    fc.asyncProperty(plan, async (given) => {
      const waits = await play(given, 1_200_000);
      for (const wait of waits) expect(wait).toBeLessThan(given.endpoints.length * turnMs);
    }),
    { numRuns: 10 },
  );
});
