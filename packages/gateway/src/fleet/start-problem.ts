import { GIVE_UP_AFTER, hasGivenUp, type StartBackoff } from './start-backoff.ts';

/** Why an endpoint has no worker although it should: for its waiting jobs and for whoever looks at it. */
export interface StartProblem {
  readonly code: 'WORKER_CRASH_LOOP';
  /** Failed starts in a row. */
  readonly failures: number;
  readonly gaveUp: boolean;
  readonly nextTryAt: number;
  /** A sentence, and the worker's last log lines below it. */
  readonly message: string;
}

/** Undefined while starts work. */
export function describeProblem(backoff: StartBackoff, now: number): StartProblem | undefined {
  const { failures, nextTryAt, reason } = backoff;
  if (failures === 0) return undefined;
  const gaveUp = hasGivenUp(backoff);
  const waitMs = Math.max(0, nextTryAt - now);
  const when =
    waitMs === 0
      ? 'now'
      : `in ${waitMs < 60_000 ? `${Math.ceil(waitMs / 1000)} s` : `${Math.ceil(waitMs / 60_000)} min`}`;
  const times = failures === 1 ? 'the last start failed' : `the last ${failures} starts failed`;
  const end = gaveUp
    ? `given up after ${GIVE_UP_AFTER} failed starts, one more try ${when}`
    : `next try ${when}`;
  return {
    code: 'WORKER_CRASH_LOOP',
    failures,
    gaveUp,
    nextTryAt,
    message: `no worker runs: ${times} (${end}); the worker ${reason}`,
  };
}
