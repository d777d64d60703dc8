import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * How late the main thread's event loop is. Models run in threads of their own, so this stays far below one run however
 * heavy the load; where it doesn't, something computes where only messages should pass.
 */
export interface LoopLag {
  /** Milliseconds since the start; 99 of 100 turns were later by at most `p99`. */
  read(): { readonly p99: number; readonly max: number };
  stop(): void;
}

/** The monitor looks each so many milliseconds and records the whole time between two looks. */
const RESOLUTION_MS = 20;

export function watchLoopLag(): LoopLag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const lateness = (nanoseconds: number) =>
    Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 10) / 10);
  return {
    read: () => ({ p99: lateness(histogram.percentile(99)), max: lateness(histogram.max) }),
    stop: () => histogram.disable(),
  };
}
