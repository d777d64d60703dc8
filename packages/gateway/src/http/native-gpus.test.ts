import type { GpusView } from '@spillway/protocol/v1';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GIGABYTE } from '../fleet/gpu/memory-text.ts';
import { newTestCard } from '../fleet/gpu/test-placer.ts';
import { createNativeTestApp } from './test-native-app.ts';

// GET /v1/gpus: the cards, who is on them, who needs them.

const need = { memoryBytes: 6 * GIGABYTE, count: 1 };
const cards = [newTestCard(0, 8), newTestCard(1, 4)];
let app: ReturnType<typeof createNativeTestApp>;

beforeEach(() => {
  app = createNativeTestApp({ gpu: need }, undefined, cards);
});
afterEach(async () => {
  expect(await app.stop()).toBe(0);
});

test('cards are shown with their workers, endpoints with what they need and where it is to be had', async () => {
  const reply = await app.call('GET', '/v1/gpus');
  expect(reply.statusCode).toBe(200);
  expect(reply.json()).toMatchObject({
    driverVersion: '580.95.05',
    cards: [{ index: 0, totalBytes: 8 * GIGABYTE, workers: [] }, { index: 1 }],
    endpoints: [
      {
        ...{ name: 'echo', usesNone: false, cards: ['GPU-0'] },
        need: { ...need, origin: 'declared', isPlaced: true, parts: [] },
        pools: expect.arrayContaining(['AMPERE_16', 'HOPPER_141']),
      },
      { name: 'other' },
    ],
    pools: expect.arrayContaining([
      expect.objectContaining({
        ...{ id: 'AMPERE_24', flexPerSecond: 0.00019, flexPerHour: 0.684, activePerHour: 0.468 },
        price: { asOf: '2026-08-20', source: expect.stringContaining('RunPod') },
      }),
    ]),
  });
});

test('a worker is shown on its card, to keys of its endpoint; what it takes is known to all', async () => {
  const echo = app.endpoints.get('echo');
  if (!echo) throw new Error('no echo');
  const id = app.fleet.startWorker(echo, { cards: cards.slice(0, 1), memoryBytes: need.memoryBytes });
  await app.clock.settle();
  const seen = (reply: LightMyRequestResponse) => reply.json<GpusView>();
  const all = seen(await app.call('GET', '/v1/gpus'));
  expect(all.cards[0]?.workers).toEqual([
    { id, endpoint: 'echo', state: 'initializing', memoryBytes: need.memoryBytes },
  ]);
  const as = app.key({ scope: 'viewer', endpoints: ['other'] });
  const others = seen(await app.call('GET', '/v1/gpus', undefined, { as }));
  expect(others.cards[0]).toMatchObject({ workers: [], freeBytes: all.cards[0]?.freeBytes });
  expect(others.endpoints.map(({ name }) => name)).toEqual(['other']);
  expect(others.endpoints[0]?.obstacle).toContain('has 1.7 GB of 8 GB free');
});

test('a key of a client sees no cards', async () => {
  const reply = await app.call('GET', '/v1/gpus', undefined, { as: app.key({ scope: 'client' }) });
  expect(reply.statusCode).toBe(403);
});
