import type { Job } from './job.ts';

const DAY_MS = 86_400_000;

/** A queued job for tests: id `j`, one further delivery after a lost worker, times from a fixed start. */
export function newTestJob(changes: Partial<Job>): Job {
  const createdAt = changes.createdAt ?? 1_800_000_000_000;
  return {
    id: 'j',
    endpoint: 'echo',
    status: 'IN_QUEUE',
    input: '{}',
    isLowPriority: false,
    priority: 0,
    tags: [],
    createdAt,
    queuedAt: createdAt,
    availableAt: createdAt,
    expiresAt: createdAt + DAY_MS,
    executionTimeoutMs: 600_000,
    limits: { workerLost: 1, handlerError: 0 },
    attempt: 0,
    lostCount: 0,
    handlerErrorCount: 0,
    isSuspect: false,
    ...changes,
  };
}
