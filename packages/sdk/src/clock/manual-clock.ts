import type { Clock } from './clock.ts';

/** A clock for tests: it stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** Moves time on by `ms` and wakes whoever's wait is over, in the order of their times. */
  advance(ms: number): Promise<void>;
  /** Moves on to the end of the shortest open wait; answers how far that was. */
  advanceToNext(): Promise<number>;
  /** Lets everything run that waits for nothing but other code. */
  settle(): Promise<void>;
  /** Waits that are open, shortest first, in milliseconds from now. A test ends with none. */
  pending(): readonly number[];
}

/** Whoever woke may take some turns of the event loop (a commit, say) until its next wait. */
const TURNS = 8;

export function createManualClock(startAt = 1_800_000_000_000): ManualClock {
  let now = startAt;
  const waits = new Set<{ at: number; wake: () => void }>();
  const settle = async () => {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const inOrder = () => [...waits].sort((a, b) => a.at - b.at);

  async function advance(ms: number): Promise<void> {
    const until = now + ms;
    await settle();
    for (;;) {
      const next = inOrder()[0];
      if (!next || next.at > until) break;
      now = Math.max(now, next.at);
      next.wake();
      await settle();
    }
    now = until;
    await settle();
  }

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wait = { at: now + Math.max(0, ms), wake };
        function wake(): void {
          waits.delete(wait);
          signal?.removeEventListener('abort', wake);
          resolve();
        }
        waits.add(wait);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    timer(ms, onOver) {
      const wait = {
        at: now + Math.max(0, ms),
        wake() {
          waits.delete(wait);
          onOver();
        },
      };
      waits.add(wait);
      return () => void waits.delete(wait);
    },
    advance,
    async advanceToNext() {
      await settle();
      const next = inOrder()[0];
      if (!next) throw new Error('nobody is waiting');
      const ms = next.at - now;
      await advance(ms);
      return ms;
    },
    settle,
    pending: () => inOrder().map((wait) => wait.at - now),
  };
}
