import type { StoredJob } from './hot-jobs.ts';

/**
 * A job as an operation left it; undefined: deleted. Emptied when it leaves the overlay: a `Map` that outgrew its table
 * leaves the old one behind with all that was in it, linked from one to the next, until a full garbage collection.
 */
export interface Staged {
  stored: StoredJob | undefined;
}

/** What batches that are not on disk yet have changed, over what the file says. */
export interface Overlay {
  readonly jobs: Map<string, Staged>;
  /** Those of `jobs` that a worker could have now. */
  readonly queued: Map<string, Staged>;
  /** Submits by endpoint and idempotency key. */
  readonly keys: Map<string, { readonly jobId: string; readonly fingerprint: string }>;
  /** Jobs of which chunks were handed to a reader. */
  readonly drained: Set<string>;
}

export const emptyOverlay = (): Overlay => ({
  jobs: new Map(),
  queued: new Map(),
  keys: new Map(),
  drained: new Set(),
});
