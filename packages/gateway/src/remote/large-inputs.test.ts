import { createManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { createTestValueBytes } from '../jobs/large-values/test-value-bytes.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createRemoteStore } from './remote-store.ts';
import type { SpillCosts } from './spill-options.ts';
import { createSpillRouter } from './spill-router.ts';

const LARGE = JSON.stringify({ text: 'x'.repeat(300_000) });
const FREE: SpillCosts = {
  obstacle: () => undefined,
  blockedUntil: () => undefined,
  blockedKeys: () => [],
  reserve: () => true,
  keep: () => {},
  release: () => {},
  note: () => {},
};

test('a large input goes to RunPod whole, and waits here while the storage can’t be read', async () => {
  const clock = createManualClock();
  const values = createTestValueBytes();
  const engine = createTestEngine({ clock, valueBytes: values.bytes });
  const inputs: string[] = [];
  const remote = {
    ...{ endpointId: 'ep', apiKey: 'k', baseUrl: 'http://runpod.test/v2', maxInFlight: 10 },
    ...{ queueDelayMs: 0, onUnhealthy: true },
  };
  const spill = createSpillRouter({
    endpoints: createTestDirectory(newTestEndpoint({ name: 'echo', backends: ['runpod'], remote })),
    ...{ queue: engine.queue, clock, ids: engine.ids, log: pino({ level: 'silent' }), costs: FREE },
    store: createRemoteStore(engine.db, engine.exclusive),
    ...{ random: () => 0.5, inputFor: (job) => job.input, leaseMs: 40_000 },
    local: () => ({ type: 'none' }),
    ...{ isPaused: () => false, forgetStops: () => {} },
    async fetch(url, init) {
      const [operation = ''] = new URL(String(url)).pathname.split('/').slice(3);
      if (operation === 'health') return Response.json({ jobs: {}, workers: { idle: 1, ready: 1 } });
      if (operation === 'run') inputs.push(JSON.stringify(JSON.parse(String(init?.body)).input));
      if (operation === 'run') return Response.json({ id: 'r1', status: 'IN_QUEUE' });
      return Response.json({ id: 'r1', status: 'COMPLETED', output: 1, executionTime: 1 });
    },
  });
  const { id } = await engine.submit({ input: LARGE });
  values.fail(new Error('away'));
  await spill.start();
  await clock.advance(10_000);
  expect((await engine.queue.get(id))?.status).toBe('IN_QUEUE');
  expect(inputs).toEqual([]);
  values.fail(undefined);
  await clock.advance(60_000);
  expect(inputs).toEqual([LARGE]);
  expect(await engine.queue.get(id)).toMatchObject({ status: 'COMPLETED', output: '1' });
  const stopped = spill.stop();
  await clock.advance(6_000);
  await stopped;
  await engine.stop();
});
