import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBillScene } from './test-bill-scene.ts';

// A gateway's ledger against a RunPod that bills the lives of its workers and knows nothing of attempts.

const HOUR_MS = 3_600_000;
const CENT = 10_000;

const step = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(300_000, 1_500_000)),
  action: fc.constantFrom('submit', 'submit', 'submit', 'cancel', 'lost', 'throttled'),
  plan: fc.record({
    coldMs: fc.integer({ min: 1, max: 40_000 }),
    runMs: fc.integer({ min: 1, max: 90_000 }),
    fails: fc.boolean(),
  }),
});

const PLAN = { coldMs: 1_000, runMs: 1_000, fails: false };
/** No answer to any submit, and then nothing waits: the gateway must not ask again and again meanwhile. */
const OUT_OF_REACH = [
  ...(['lost', 'lost', 'lost', 'submit'] as const).map((action) => ({ afterMs: 1, action, plan: PLAN })),
  { afterMs: 2_000, action: 'cancel' as const, plan: PLAN },
];

test('attempts and the endpoint’s line are together what RunPod bills, to the cent, corrections included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      const scene = createBillScene();
      const { engine, clock, far } = scene;
      await scene.start();
      let last: string | undefined;
      for (const { afterMs, action, plan } of steps) {
        await clock.advance(afterMs);
        far.plan = plan;
        if (action === 'submit') last = (await engine.submit()).id;
        else if (action !== 'cancel') far.submits.push(action);
        else if (last !== undefined) await engine.queue.cancel(last);
      }
      // Until all has ended there, its hours are settled, and what was wrong at first was read again.
      await clock.advance(6 * HOUR_MS);
      const { rows, total } = await scene.usage();
      const wrong = Math.abs(Number(far.replay()) - total.costMicros);
      expect(wrong).toBeLessThan(CENT / 100);
      expect(rows.reduce((sum, row) => sum + row.costMicros, 0)).toBe(total.costMicros);
      expect(rows.filter(({ kind }) => kind === 'runpod-estimate')).toEqual([]);
      await scene.stop();
    }),
    { numRuns: 10, examples: [[OUT_OF_REACH]], endOnFailure: true },
  );
}, 120_000);
