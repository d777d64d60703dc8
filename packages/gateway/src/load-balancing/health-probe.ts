import http from 'node:http';
import type { HealthObservation } from './worker-health.ts';

export interface HealthProbeTarget {
  readonly port: number;
  /** Path of the check, such as `/ping`. */
  readonly path: string;
}

export type HealthProbe = (target: HealthProbeTarget, signal: AbortSignal) => Promise<HealthObservation>;

/** A worker that serves one request at a time may be slow to answer; longer than this is no answer. */
const ANSWER_LIMIT_MS = 5_000;

/** Asks a worker on this machine how it is. Never rejects. */
export const probeHealth: HealthProbe = ({ port, path }, signal) =>
  new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, timeout: ANSWER_LIMIT_MS });
    const end = (seen: HealthObservation) => {
      resolve(seen);
      signal.removeEventListener('abort', abort);
      request.destroy();
    };
    const abort = () => end({ type: 'refused', detail: 'the gateway gave it up' });
    signal.addEventListener('abort', abort, { once: true });
    request.on('response', ({ statusCode = 0 }) => end({ type: 'status', status: statusCode }));
    // Its socket is silent for so long.
    request.on('timeout', () => end({ type: 'silent', afterMs: ANSWER_LIMIT_MS }));
    request.on('error', (error) => end({ type: 'refused', detail: error.message }));
    if (signal.aborted) abort();
  });
