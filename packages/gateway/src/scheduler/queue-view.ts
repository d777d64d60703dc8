/** What the scheduler knows of an endpoint's jobs; read from their owner at each look. */
export interface QueueSnapshot {
  /** Jobs that wait for a worker, low-priority ones among them. */
  readonly queued: number;
  /** Those of them that start no worker (`policy.lowPriority`). */
  readonly queuedLowPriority: number;
  /** Since when the longest waiting job that isn't low-priority waits. */
  readonly oldestQueuedAt?: number | undefined;
  readonly inProgress: number;
  /** Nothing is delivered: no worker is started, those that run stay as ever. */
  readonly isPaused?: boolean;
  /** Its workers cost what may not be spent: none stays that has nothing to do, whatever `min` says. */
  readonly isUnpaid?: boolean;
}

export interface QueueView {
  snapshot(endpoint: string): QueueSnapshot | Promise<QueueSnapshot>;
}
