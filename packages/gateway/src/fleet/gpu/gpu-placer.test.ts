import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { beforeEach, expect, test } from 'vitest';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { newTestEndpoint } from '../../endpoints/new-test-endpoint.ts';
import type { Card } from './card.ts';
import type { GiveWay, GpuPlacer, PlacedWorker } from './gpu-placer.ts';
import { GIGABYTE } from './memory-text.ts';
import { createTestPlacer, newTestCard } from './test-placer.ts';

const needy = (name: string, gigabytes: number, changes: Partial<Endpoint> = {}) =>
  newTestEndpoint({ name, gpu: { memoryBytes: gigabytes * GIGABYTE, count: 1 }, ...changes });

const a = needy('a', 3);
const b = needy('b', 6);
const big = needy('big', 7);
const small = needy('small', 1.5);
const none = newTestEndpoint({ name: 'none', gpu: 'none' });
const plain = newTestEndpoint({ name: 'plain' });
/** A built-in worker that would run on a card: 7 GB by the table. */
const detect = newTestEndpoint({ name: 'detect', worker: 'detect', cardUse: 'wanted' });
const pinned = needy('pinned', 1, { env: { CUDA_VISIBLE_DEVICES: 'GPU-1' } });
const endpoints = [a, b, big, small, none, plain, detect, pinned];

let clock: ManualClock;
let cards: Card[];
let looks: number;
let workers: PlacedWorker[];
let placer: GpuPlacer;

beforeEach(() => {
  clock = createManualClock();
  cards = [newTestCard(0, 8)];
  looks = 0;
  workers = [];
  const readCards = () => {
    looks += 1;
    return cards;
  };
  placer = createTestPlacer({ clock, endpoints, workers: () => workers, cards: readCards });
});

function runs(id: string, endpoint: Endpoint, changes: Partial<PlacedWorker> = {}): void {
  const { memoryBytes = 0 } = typeof endpoint.gpu === 'object' ? endpoint.gpu : {};
  workers.push({
    ...{ id, endpoint: endpoint.name, state: 'idle', jobs: 0, gpu: { cards: ['GPU-0'], memoryBytes } },
    ...changes,
  });
}

const giving =
  (...ids: string[]) =>
  async (): Promise<GiveWay> => ({
    ...{ now: ids, isOverdue: false },
    later: workers.map(({ id }) => id).filter((id) => !ids.includes(id)),
  });
const keeping = async (): Promise<GiveWay> => ({ now: [], later: [], isOverdue: false });
const overdue = async (): Promise<GiveWay> => ({ ...(await giving()()), isOverdue: true });

test('a worker goes on a card with so much left, and only it is kept for the worker', async () => {
  expect(await placer.place(a)).toMatchObject({
    type: 'placed',
    gpu: { cards: [{ id: 'GPU-0' }], memoryBytes: 3 * GIGABYTE },
  });
});

test('a worker of which nothing is known sees what the machine has; `gpu: none` sees no card', async () => {
  expect(await placer.place(plain)).toEqual({ type: 'placed' });
  expect(await placer.place(none)).toEqual({ type: 'placed', gpu: { cards: [], memoryBytes: 0 } });
  expect(looks).toBe(0);
});

test('an endpoint whose env names a card is put on no other', async () => {
  expect(await placer.place(pinned)).toMatchObject({ type: 'blocked' });
  cards = [newTestCard(0, 8), newTestCard(1, 8)];
  await clock.advance(10_000);
  expect(await placer.place(pinned)).toMatchObject({ gpu: { cards: [{ id: 'GPU-1' }] } });
});

test('without room it is said who holds it, and which idle workers could give way', async () => {
  runs('w1', a, { state: 'running', jobs: 1 });
  await placer.cards();
  expect(placer.obstacle('a')).toBeUndefined();
  expect(await placer.place(b, giving())).toMatchObject({ type: 'blocked', giveWay: [] });
  expect(placer.obstacle('b')).toBe(
    'one needs 6 GB on a graphics card, GPU 0 (NVIDIA Test) has 4.7 GB of 8 GB free: a worker of a holds 3 GB (busy)',
  );
  workers = [];
  runs('w2', a);
  expect(await placer.place(b, giving('w2'))).toMatchObject({ type: 'blocked', giveWay: ['w2'] });
});

test('however often somebody asks, the cards are looked at once in ten seconds', async () => {
  runs('w1', b, { state: 'running', jobs: 1 });
  for (let second = 0; second < 20; second += 1) {
    await placer.place(b, giving());
    await clock.advance(1_000);
  }
  expect(looks).toBe(2);
});

test('memory that comes free goes to the endpoint that waits for it, not to who asks first', async () => {
  runs('w1', b);
  expect(await placer.place(big, giving('w1'))).toMatchObject({ type: 'blocked', giveWay: ['w1'] });
  // While the idle worker ends, a small one would fit beside it.
  expect(await placer.place(small, giving())).toMatchObject({ type: 'blocked', giveWay: [] });
  expect(placer.obstacle('small')).toContain('a job of big waits for 7 GB of it');
  workers = [];
  expect(await placer.place(small, giving())).toMatchObject({ type: 'blocked' });
  expect(await placer.place(big, giving())).toMatchObject({ type: 'placed' });
});

test('an endpoint that wants no further worker gives up what was held free for it', async () => {
  runs('w1', b);
  await placer.place(big, giving('w1'));
  placer.release('big');
  expect(await placer.place(small, giving())).toMatchObject({ type: 'placed' });
});

test('memory beside a busy worker is held free only for a job that waits for too long', async () => {
  runs('w1', b, { state: 'running', jobs: 1 });
  await placer.place(big, giving());
  expect(await placer.place(small, giving())).toMatchObject({ type: 'placed' });
  await placer.place(big, overdue);
  expect(await placer.place(small, giving())).toMatchObject({ type: 'blocked' });
});

test('other programs’ memory counts, is told, and is looked at again by itself', async () => {
  cards = [newTestCard(0, 8, { usedBytes: 5 * GIGABYTE })];
  expect(await placer.place(b, giving())).toEqual({
    type: 'blocked',
    giveWay: [],
    lookAgainAt: clock.now() + 10_000,
  });
  expect(placer.obstacle('b')).toContain('has 2.7 GB of 8 GB free: other programs take 5 GB');
  cards = [newTestCard(0, 8)];
  await clock.advance(10_000);
  expect(await placer.place(b, giving())).toMatchObject({
    type: 'placed',
    gpu: { memoryBytes: 6 * GIGABYTE },
  });
});

test('what a worker took that has just ended is not taken for another program’s', async () => {
  cards = [newTestCard(0, 8, { usedBytes: 6 * GIGABYTE })];
  runs('w1', b, { readyAt: clock.now() - 1 });
  await placer.cards();
  await clock.advance(1_000);
  workers = [];
  runs('w1', b, { state: 'stopped', readyAt: clock.now() - 1_001, stoppedAt: clock.now() });
  expect(placer.obstacle('b')).toBeUndefined();
  cards = [newTestCard(0, 8)];
  await clock.advance(1);
  expect(await placer.place(b)).toMatchObject({ type: 'placed' });
});

test('no idle worker gives way where its memory would not be enough', async () => {
  cards = [newTestCard(0, 8, { usedBytes: 7 * GIGABYTE })];
  runs('w1', a, { readyAt: clock.now() - 1 });
  await clock.advance(1);
  expect(await placer.place(b, giving('w1'))).toMatchObject({ type: 'blocked', giveWay: [] });
});

test('a need that no card here can meet is told with the largest one, or with why there is none', async () => {
  cards = [newTestCard(0, 4)];
  expect(await placer.place(b)).toMatchObject({ type: 'blocked', giveWay: [] });
  expect(placer.obstacle('b')).toBe(
    'one needs 6 GB on a graphics card, the largest one here, GPU 0 (NVIDIA Test), has 4 GB; `spillway gpus b` shows where one fits',
  );
  cards = [newTestCard(0, 6)];
  await clock.advance(10_000);
  await placer.place(b);
  expect(placer.obstacle('b')).toContain('has 6 GB, of which 0.3 GB stay free; ');
  const bare = createTestPlacer({ clock, endpoints });
  expect(await bare.place(b)).toMatchObject({ type: 'blocked' });
  expect(bare.obstacle('b')).toBe(
    'one needs 6 GB on a graphics card, and this machine has none (nvidia-smi is not installed); `spillway gpus b` shows where one fits',
  );
});

test('a built-in worker runs as ever on a machine without cards, and hidden from cards that are too small', async () => {
  const bare = createTestPlacer({ clock, endpoints });
  expect(await bare.place(detect)).toEqual({ type: 'placed' });
  expect(bare.obstacle('detect')).toBeUndefined();
  cards = [newTestCard(0, 4)];
  expect(await placer.place(detect)).toMatchObject({
    type: 'placed',
    gpu: { cards: [], memoryBytes: 0 },
    remark: expect.stringContaining('needs 7 GB'),
  });
  expect(placer.obstacle('detect')).toBeUndefined();
});

test('a built-in worker waits for memory that workers of ours hold, but not for other programs', async () => {
  runs('w1', b, { state: 'running', jobs: 1 });
  expect(await placer.place(detect)).toMatchObject({ type: 'blocked' });
  expect(placer.obstacle('detect')).toContain('a worker of b holds 6 GB (busy)');
  workers = [];
  cards = [newTestCard(0, 8, { usedBytes: 5 * GIGABYTE })];
  await clock.advance(10_000);
  expect(await placer.place(detect)).toMatchObject({ gpu: { cards: [] } });
});

test('a built-in worker does not wait for workers that are kept for ever, unless it takes nothing but a card', async () => {
  runs('w1', b);
  await clock.advance(10_000);
  expect(await placer.place(detect, keeping)).toMatchObject({
    gpu: { cards: [] },
    remark: expect.stringContaining('a worker of b holds 6 GB (kept by workers.min of b)'),
  });
  const strict = newTestEndpoint({ name: 'detect', worker: 'detect', cardUse: 'required' });
  const other = createTestPlacer({
    ...{ clock, endpoints: [strict], workers: () => workers, cards: () => cards },
  });
  expect(await other.place(strict, keeping)).toMatchObject({ type: 'blocked', giveWay: [] });
  expect(other.obstacle('detect')).toContain('kept by workers.min of b');
});

test('a built-in worker that runs on the CPU anyway is put on no card', async () => {
  const onCpu = newTestEndpoint({ name: 'detect', worker: 'detect', cardUse: 'none' });
  const other = createTestPlacer({ clock, endpoints: [onCpu], cards: () => cards });
  expect(await other.place(onCpu)).toEqual({ type: 'placed' });
  // What it would need elsewhere is known all the same.
  expect(other.need('detect')).toMatchObject({ origin: 'known', isPlaced: false });
});

test('of several cards the obstacle is told of the one that is nearest to having room', async () => {
  cards = [newTestCard(0, 8, { usedBytes: 7 * GIGABYTE }), newTestCard(1, 8, { usedBytes: 3 * GIGABYTE })];
  await placer.place(b);
  expect(placer.obstacle('b')).toContain('GPU 1 (NVIDIA Test) has 4.7 GB of 8 GB free');
});
