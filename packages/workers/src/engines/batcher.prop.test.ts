import { createManualClock } from '@spillway/sdk/clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBatcher, ItemFailure } from './batcher.ts';

/**
 * Any mixture of callers, cancellations, time and batches that end well, in part or not at all: whatever happens, the
 * line keeps its promises.
 */
type Step =
  | { readonly do: 'add'; readonly group: string }
  | { readonly do: 'cancel'; readonly item: number }
  | { readonly do: 'end'; readonly how: 'well' | 'in part' | 'badly' }
  | { readonly do: 'wait'; readonly ms: number };

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('add'), group: fc.constantFrom('x', 'y', 'z') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel'), item: fc.nat(30) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('end'), how: fc.constantFrom('well', 'in part', 'badly') }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(9) }) },
  ),
  { maxLength: 60 },
) as fc.Arbitrary<Step[]>;

/** It is waited for a fuller batch longer than the window then. */
const AFTER_A_LONG_RUN: Step[] = [
  { do: 'add', group: 'x' },
  { do: 'wait', ms: 3 },
  { do: 'add', group: 'x' },
  { do: 'wait', ms: 9 },
  { do: 'wait', ms: 9 },
];

const limits = fc.record({
  maxSize: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.integer({ min: 0, max: 6 }),
  maxWaiting: fc.integer({ min: 1, max: 12 }),
});

interface Caller {
  readonly controller: AbortController;
  readonly answers: string[];
}

async function play(
  all: readonly Step[],
  options: { maxSize: number; windowMs: number; maxWaiting: number },
) {
  const clock = createManualClock();
  const callers: Caller[] = [];
  const batches: number[][] = [];
  let open: { end(how: 'well' | 'in part' | 'badly'): void } | undefined;
  let running = 0;
  const batcher = createBatcher<number, string>({
    ...options,
    clock,
    run(items) {
      running += 1;
      expect(running).toBe(1);
      batches.push([...items]);
      const { promise, resolve, reject } = Promise.withResolvers<(string | ItemFailure)[]>();
      open = {
        end(how) {
          running -= 1;
          open = undefined;
          if (how === 'badly') reject(new Error('batch failed'));
          else {
            const fails = (item: number) => how === 'in part' && item % 2 === 0;
            resolve(
              items.map((item) => (fails(item) ? new ItemFailure(new Error('item failed')) : `of ${item}`)),
            );
          }
        },
      };
      return promise;
    },
  });

  async function take(step: Step): Promise<void> {
    if (step.do === 'add') {
      const caller: Caller = { controller: new AbortController(), answers: [] };
      const item = callers.push(caller) - 1;
      batcher.add(item, { signal: caller.controller.signal, group: step.group }).then(
        (result) => caller.answers.push(result),
        (error: Error) => caller.answers.push(error.message),
      );
    } else if (step.do === 'cancel') callers[step.item]?.controller.abort(new Error('cancelled'));
    else if (step.do === 'end') open?.end(step.how);
    else await clock.advance(step.ms);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  for (const step of all) await take(step);
  // Whatever is left is answered in the end: the engine goes on and time passes.
  for (let rest = 0; rest <= callers.length; rest++) {
    await take({ do: 'end', how: 'well' });
    // A tenth of the longest run that these steps make, where that is longer than the window.
    await take({ do: 'wait', ms: 60 });
  }
  return { callers, batches, clock };
}

test('every item is answered exactly once, with its own result or its own error', async () => {
  await fc.assert(
    fc.asyncProperty(steps, limits, async (all, options) => {
      const { callers, clock } = await play(all, options);
      for (const [item, { answers, controller }] of callers.entries()) {
        expect(answers).toHaveLength(1);
        const [answer = ''] = answers;
        expect([`of ${item}`, 'item failed', 'batch failed', 'cancelled', fullSentence(answer)]).toContain(
          answer,
        );
        if (answer === 'cancelled') expect(controller.signal.aborted).toBe(true);
      }
      expect(clock.pending()).toEqual([]);
    }),
    { numRuns: 60, examples: [[AFTER_A_LONG_RUN, { maxSize: 2, windowMs: 1, maxWaiting: 12 }]] },
  );
});

test('no batch is empty or larger than allowed, and no item is in two', async () => {
  await fc.assert(
    fc.asyncProperty(steps, limits, async (all, options) => {
      const { batches } = await play(all, options);
      for (const batch of batches) {
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(options.maxSize);
      }
      const items = batches.flat();
      expect(new Set(items).size).toBe(items.length);
    }),
    { numRuns: 60 },
  );
});

function fullSentence(answer: string): string {
  return /^The worker is busy: \d+ items already wait\./.test(answer) ? answer : 'a sentence about waiting';
}
