/**
 * Engine time: wall clock at the start plus monotonic time since, so a jump of the wall clock expires nothing. Every
 * loop takes its time and its waits from here, which lets tests drive both by hand.
 */
export interface Clock {
  /** Epoch milliseconds, an integer that only moves forward. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `onOver` after `ms` unless the returned function is called before. Costs far less than a `sleep` to abort. */
  timer(ms: number, onOver: () => void): () => void;
}

/** The longest time that a timer takes; a longer one would fire at once. */
const LONGEST_MS = 0x7fffffff;

/** The real clock; works in Node and in browsers. `notBefore`: it starts there if the wall clock says less. */
export function createSystemClock(notBefore = 0): Clock {
  const startedAt = Math.max(Date.now(), notBefore);
  const origin = performance.now();
  return {
    now: () => Math.round(startedAt + performance.now() - origin),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = setTimeout(done, Math.max(0, Math.min(ms, LONGEST_MS)));
        function done(): void {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        signal?.addEventListener('abort', done, { once: true });
      }),
    timer(ms, onOver) {
      const timer = setTimeout(onOver, Math.max(0, Math.min(ms, LONGEST_MS)));
      return () => clearTimeout(timer);
    },
  };
}
