import { ArtifactError } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import { ERRORS, GatewayError } from '../errors.ts';

/**
 * A worker that is turned away asks again at once, and RunPod's own for ever: with a key that was revoked, say, or for an
 * endpoint that is gone. So the answer takes a while on the routes that workers poll. Strangers are among them, so only
 * so many are held, and the others are answered at once.
 */
export interface RefusalHold {
  /** Resolves when the error may be answered: at once where it is no refusal, or when nobody waits for it any more. */
  hold(error: Error, connection: Connection): Promise<void>;
}

/** What is needed of the raw reply. */
export interface Connection {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

export interface RefusalHoldOptions {
  readonly clock: Clock;
  /** Aborts when the server closes. */
  readonly stopping: AbortSignal;
  readonly holdMs?: number;
  /** How many are held at once. */
  readonly most?: number;
}

const HOLD_MS = 1_000;
const MOST_HELD = 1_000;

/** Pings are not among them: they come at their interval, whatever the answer. */
const POLLED_BY_WORKERS: ReadonlySet<string> = new Set([
  '/v2/:endpoint/job-take/:worker',
  '/v2/:endpoint/job-take-batch/:worker',
  '/v2/:endpoint/job-stop/:worker',
]);

export function isPolledByWorkers({ path }: { readonly path: string }): boolean {
  return POLLED_BY_WORKERS.has(path);
}

export function createRefusalHold(options: RefusalHoldOptions): RefusalHold {
  const { clock, stopping, holdMs = HOLD_MS, most = MOST_HELD } = options;
  const held = new Set<() => void>();
  stopping.addEventListener('abort', () => {
    for (const end of held) end();
  });

  return {
    async hold(error, connection) {
      if (!isRefusal(error) || held.size >= most || stopping.aborted || connection.destroyed) return;
      await new Promise<void>((resolve) => {
        const end = () => {
          stopTimer();
          connection.off('close', end);
          held.delete(end);
          resolve();
        };
        const stopTimer = clock.timer(holdMs, end);
        connection.once('close', end);
        held.add(end);
      });
    },
  };
}

function isRefusal(error: Error): boolean {
  const isAnswer = error instanceof GatewayError || error instanceof ArtifactError;
  return isAnswer && ERRORS[error.code].status < 500;
}
