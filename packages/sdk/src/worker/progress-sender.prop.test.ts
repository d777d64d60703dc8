import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import { createProgressSender } from './progress-sender.ts';

/** What happens next: the handler offers its next value, or the server answers (well or badly), or time passes. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant('offer' as const) },
  { weight: 2, arbitrary: fc.constant('answer' as const) },
  { weight: 1, arbitrary: fc.constant('fail' as const) },
  { weight: 1, arbitrary: fc.constant('wait' as const) },
);

test('whatever the server does, values arrive in order, one at a time, the last one last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = createManualClock();
      const arrived: number[] = [];
      let open: ((isDone: boolean) => void) | undefined;
      let isOverlapping = false;
      let isFlushing = false;
      const post = (json: string) => {
        isOverlapping ||= open !== undefined;
        arrived.push(Number(json));
        // In the end the server is well again: what is flushed arrives.
        if (isFlushing) return Promise.resolve(true);
        return new Promise<boolean>((resolve) => {
          open = resolve;
        });
      };
      const answer = (isDone: boolean) => {
        const resolve = open;
        open = undefined;
        resolve?.(isDone);
      };
      const sender = createProgressSender(post, clock, () => 0.5);
      let offered = 0;

      for (const what of steps) {
        if (what === 'offer') {
          offered += 1;
          sender.offer(String(offered));
        } else if (what === 'wait') await clock.advance(20_000);
        else {
          answer(what === 'answer');
          await Promise.resolve();
        }
      }
      isFlushing = true;
      const flushed = sender.flush();
      answer(true);
      await flushed;

      expect(isOverlapping).toBe(false);
      expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
      expect(arrived.at(-1) ?? 0).toBe(offered);
      expect(clock.pending()).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
