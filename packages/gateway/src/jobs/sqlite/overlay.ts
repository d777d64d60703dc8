import type { StoredJob } from './hot-jobs.ts';

/** Ids of ready jobs as the file has them, walked through by the takes of one batch. */
export interface ReadyCursor {
  ids: readonly string[];
  at: number;
  /** Nothing is behind `ids`. */
  isAll: boolean;
}

/** A job as an operation left it; undefined: deleted. */
export interface Staged {
  readonly stored: StoredJob | undefined;
}

/** What batches that are not on disk yet have changed, over what the file says. */
export interface Overlay {
  readonly jobs: Map<string, Staged>;
  /** Those of `jobs` that a worker could have now. */
  readonly queued: Map<string, StoredJob>;
  /** Submits by endpoint and idempotency key. */
  readonly keys: Map<string, { readonly jobId: string; readonly fingerprint: string }>;
  /** Jobs of which chunks were handed to a reader. */
  readonly drained: Set<string>;
  /** Of the batch that is being decided. */
  readonly ready: Map<string, ReadyCursor>;
}

export const emptyOverlay = (): Overlay => ({
  jobs: new Map(),
  queued: new Map(),
  keys: new Map(),
  drained: new Set(),
  ready: new Map(),
});
