import type { Clock } from '@spillway/sdk/clock';

/**
 * How many bytes may be in memory at a time of things that can be large. Who asks gets its room in the order of asking, so
 * that nobody starves, and nobody asks for more while it has some, so that no two wait for each other. What is larger than
 * the whole budget has all of it for itself.
 */
export interface ByteBudget {
  /** Resolves with what gives the room back; rejects when there was none for so long. */
  take(bytes: number): Promise<() => void>;
  heldBytes(): number;
}

export interface ByteBudgetOptions {
  readonly totalBytes: number;
  readonly waitMs: number;
  readonly clock: Pick<Clock, 'timer'>;
  /** What is thrown when the wait is over. */
  refusal(): Error;
}

interface Waiting {
  readonly bytes: number;
  grant(): void;
}

export function createByteBudget({ totalBytes, waitMs, clock, refusal }: ByteBudgetOptions): ByteBudget {
  let held = 0;
  const line: Waiting[] = [];

  function release(bytes: number): void {
    held -= bytes;
    for (let next = line[0]; next && held + next.bytes <= totalBytes; next = line[0]) {
      line.shift();
      next.grant();
    }
  }

  function granted(bytes: number): () => void {
    held += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) release(bytes);
      isHeld = false;
    };
  }

  return {
    heldBytes: () => held,
    take(asked) {
      const bytes = Math.min(asked, totalBytes);
      if (line.length === 0 && held + bytes <= totalBytes) return Promise.resolve(granted(bytes));
      return new Promise((resolve, reject) => {
        const one: Waiting = {
          bytes,
          grant() {
            stopTimer();
            resolve(granted(bytes));
          },
        };
        const stopTimer = clock.timer(waitMs, () => {
          line.splice(line.indexOf(one), 1);
          reject(refusal());
          // Those behind it may fit where it did not.
          release(0);
        });
        line.push(one);
      });
    },
  };
}
