import type { Clock } from '@spillway/sdk/clock';
import type { ErrorCode, GatewayError } from '../errors.ts';
import type { CallLog } from './lazy-log.ts';

/**
 * Errors of the gateway in its log, each with its reason and stack, under the id of its request. Some have one cause for
 * thousands of requests (a full disk, say), whose lines would fill what is left of it: of those one is logged in a while,
 * with how many were left out since the one before; each of them is still a short line at the level debug. That the
 * gateway stops is no error: somebody asked it to.
 */
export interface ErrorLog {
  /** `cause`: what was thrown; `known`: what is answered for it. */
  note(log: CallLog, known: GatewayError, cause: Error): void;
}

const QUIET_MS = 10_000;

const OF_ONE_CAUSE: ReadonlySet<ErrorCode> = new Set(['STORE_UNAVAILABLE', 'STORAGE_FULL', 'SHUTTING_DOWN']);

export function createErrorLog(clock: Clock): ErrorLog {
  const last = new Map<ErrorCode, { readonly loggedAt: number; leftOut: number }>();
  return {
    note(log, { code, message }, cause) {
      const before = last.get(code);
      const now = clock.now();
      if (before && now - before.loggedAt < QUIET_MS) {
        before.leftOut += 1;
        log.debug({ code }, message);
        return;
      }
      if (OF_ONE_CAUSE.has(code)) last.set(code, { loggedAt: now, leftOut: 0 });
      const leftOut = before?.leftOut ?? 0;
      const rest = leftOut === 0 ? {} : { leftOut };
      if (code === 'SHUTTING_DOWN') log.info({ code, ...rest }, message);
      else log.error({ err: cause, ...rest }, message);
    },
  };
}
