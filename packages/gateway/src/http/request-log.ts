import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { HttpCall } from './http-call.ts';

/**
 * Every request has an id that the client may choose: it stands in every log line, and comes back in `x-request-id`, to
 * workers only with errors, since they make two calls a job and look at none.
 */
const WELL_FORMED = /^[\w.:/+=-]{1,128}$/;

/** The client's own id where it sent a sound one, else one of ours that begins with `prefix`. */
export function createRequestIds(prefix: string): (request: IncomingMessage) => string {
  let count = 0;
  return ({ headers }) => {
    const given = headers['x-request-id'];
    if (typeof given === 'string' && WELL_FORMED.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

/** Told of every answer: its method, the pattern of its route (`none` where none fits), status and time. */
export type OnAnswer = (method: string, route: string, status: number, ms: number) => void;

/** Notes an answer when it goes out. */
export type NoteAnswer = (call: HttpCall) => void;

/**
 * Counts answers, and at the level debug logs a line for each. They are noted when they go out: to listen to each response
 * for its last byte costs more than most answers do.
 */
export function createNoteAnswer(log: Logger, onAnswer: OnAnswer | undefined): NoteAnswer {
  // Asked once, so that a busy gateway pays nothing for what it does not log.
  const isLogged = log.isLevelEnabled('debug');
  return (call) => {
    const { method, pattern: route, statusCode: status } = call;
    const ms = performance.now() - call.askedAt;
    onAnswer?.(method, route, status, ms);
    if (!isLogged) return;
    const { endpoint, id, worker } = call.params;
    const named = {
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(id === undefined ? {} : { jobId: id }),
      ...(worker === undefined ? {} : { workerId: worker }),
    };
    log.debug({ requestId: call.id, method, route, status, ms: Math.round(ms), ...named }, 'answered');
  };
}
