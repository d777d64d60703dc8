/**
 * Engine time: wall clock at the start plus monotonic time since, so a jump of the wall clock expires nothing. Every
 * loop takes its time and its waits from here, which lets tests drive them by hand.
 */
export interface Clock {
  /** Engine time, epoch milliseconds (integer). */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock. */
export function createSystemClock(): Clock {
  const startedAt = Date.now();
  const origin = performance.now();
  return {
    now: () => Math.round(startedAt + performance.now() - origin),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = setTimeout(done, Math.max(0, Math.min(ms, 0x7fffffff)));
        function done(): void {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
}

/** A clock that stands still until `advance` is called. For tests and simulations. */
export interface ManualClock extends Clock {
  /** Moves time on and wakes whoever's wait is over, in the order of their times. */
  advance(ms: number): Promise<void>;
  /** Waits that are open: a test ends with none. */
  readonly pending: number;
}

const TURNS = 8;

export function createManualClock(startAt = 1_800_000_000_000): ManualClock {
  let now = startAt;
  const waits = new Set<{ at: number; wake: () => void }>();
  // Whoever woke may take some turns of the event loop (a commit, say) until its next wait.
  const settle = async () => {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
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
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const next = [...waits].filter((wait) => wait.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = until;
      await settle();
    },
    get pending() {
      return waits.size;
    },
  };
}
