import type { TimeRange } from './people-source.ts';

/** Cuts a video into pieces of one length, after each of which its processing can be interrupted. A rest goes to the last. */
export function planSegments(durationMs: number, segmentMs: number): readonly TimeRange[] {
  const count = Math.max(1, Math.floor(durationMs / segmentMs));
  return Array.from({ length: count }, (_, at) => ({
    fromMs: at * segmentMs,
    // Frames that the container's duration leaves out belong to the last one.
    toMs: at === count - 1 ? Number.POSITIVE_INFINITY : (at + 1) * segmentMs,
  }));
}
