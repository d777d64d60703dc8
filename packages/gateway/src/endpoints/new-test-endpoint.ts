import type { Endpoint } from './endpoint.ts';

/** An endpoint with the documented defaults, for tests. */
export function newTestEndpoint(changes: Partial<Endpoint> = {}): Endpoint {
  return {
    name: 'mine',
    command: ['node', 'worker.js'],
    cwd: '/',
    env: {},
    workers: { min: 0, max: 3, idleTimeoutMs: 5_000 },
    scaling: { type: 'QUEUE_DELAY', queueDelayMs: 4_000 },
    executionTimeoutMs: 600_000,
    ttlMs: 86_400_000,
    initTimeoutMs: 420_000,
    backends: ['process'],
    retries: { workerLost: 1, handlerError: 0 },
    cancelGraceMs: 5_000,
    ...changes,
  };
}
