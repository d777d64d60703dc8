import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { createTestValueBytes } from '../jobs/large-values/test-value-bytes.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createTestSpill } from './test-spill.ts';

const LARGE = JSON.stringify({ text: 'x'.repeat(300_000) });

test('a large input goes to RunPod whole, and waits here while the storage can’t be read', async () => {
  const values = createTestValueBytes();
  const inputs: string[] = [];
  const scene = createTestSpill({
    engine: createTestEngine({ clock: createManualClock(), valueBytes: values.bytes }),
    answer({ operation, body }) {
      if (operation === 'health') return { jobs: {}, workers: { idle: 1, ready: 1 } };
      if (operation === 'run') inputs.push(JSON.stringify(JSON.parse(body).input));
      if (operation === 'run') return { id: 'r1', status: 'IN_QUEUE' };
      return { id: 'r1', status: 'COMPLETED', output: 1, executionTime: 1 };
    },
  });
  const { engine, clock, spill } = scene;
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
  await scene.stop();
});
