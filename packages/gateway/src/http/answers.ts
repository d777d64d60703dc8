import { type Authenticate, authorize, type Caller, type CallerScope } from './auth.ts';
import { createErrorHandler } from './error-handler.ts';
import { createRowFinder } from './find-row.ts';
import type { HttpCall } from './http-call.ts';
import { refuseLoadBalanced } from './load-balanced.ts';
import { type RateLimiter, rateLimitHeaders, refuseIfSpent } from './rate-limiter.ts';
import { BodyTooLargeError, hasBody, isLargeBody, readBody, refuseTooLarge } from './read-body.ts';
import { createRefusalHold, isPolledByWorkers } from './refusal-hold.ts';
import type { NoteAnswer } from './request-log.ts';
import type { Answer, Route, RouteParts } from './route.ts';

export interface AnswersOptions {
  readonly rows: readonly Route[];
  readonly parts: RouteParts;
  readonly authenticate: Authenticate;
  readonly limiter: RateLimiter | undefined;
  readonly noteAnswer: NoteAnswer;
}

/** How a call gets its answer. Nothing is thrown: an error is an answer, too. */
export interface Answers {
  /** Finds its row, looks who calls, reads the body, and answers as the row says. */
  answer(call: HttpCall): void;
  fail(call: HttpCall, thrown: unknown): void;
}

export function createAnswers({ rows, parts, authenticate, limiter, noteAnswer }: AnswersOptions): Answers {
  const findRow = createRowFinder(rows);
  const refusals = createRefusalHold(parts);
  const handleError = createErrorHandler(parts.clock, noteAnswer);

  function fail(call: HttpCall, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { row } = call;
    if (row?.onBodyTooLarge && error instanceof BodyTooLargeError) serve(call, row.onBodyTooLarge);
    else if (row && isPolledByWorkers(row)) {
      void refusals.hold(error, call.raw).then(() => handleError(error, call));
    } else handleError(error, call);
  }

  function send(call: HttpCall, answer: Answer): void {
    try {
      if (call.sent) {
        // A stream that has ended.
      } else if (answer === undefined) call.code(204).send();
      else call.send(typeof answer === 'string' ? answer : JSON.stringify(answer));
    } catch (error) {
      fail(call, error);
      return;
    }
    noteAnswer(call);
  }

  /** Answers at once or later. */
  function serve(call: HttpCall, handle: Route['handle']): void {
    try {
      const answer = handle(call);
      if (answer instanceof Promise) {
        answer.then(
          (later) => send(call, later),
          (error: unknown) => fail(call, error),
        );
      } else send(call, answer);
    } catch (error) {
      fail(call, error);
    }
  }

  function begin(call: HttpCall): void {
    const row = findRow(call);
    if (!isForWorkersAlone(row)) call.header('x-request-id', call.id);
    if (row.scopes !== 'open') {
      call.caller = admit(row, row.scopes, call, authenticate);
      if (limiter) limitRate(limiter, row, call);
    }
    if (row.isStreamed === true || !hasBody(call.request)) {
      serve(call, row.handle);
      return;
    }
    if (row.handleLarge && parts.spool && isLargeBody(call.request)) {
      refuseTooLarge(row, call.request);
      serve(call, row.handleLarge);
      return;
    }
    // Only now: a stranger's megabytes are not read.
    readBody(call.request, row, call, (error, body) => {
      if (error) return fail(call, error);
      call.body = body;
      serve(call, row.handle);
    });
  }

  return {
    answer(call) {
      try {
        begin(call);
      } catch (error) {
        fail(call, error);
      }
    },
    fail,
  };
}

const isForWorkersAlone = ({ scopes }: Route): boolean =>
  scopes !== 'open' && scopes.length === 1 && scopes[0] === 'worker';

/** Throws where this caller may not call this row. */
function admit(
  row: Route,
  scopes: readonly CallerScope[],
  call: HttpCall,
  authenticate: Authenticate,
): Caller {
  const caller = authenticate(call.request.headers.authorization);
  const name = call.params.endpoint;
  authorize(caller, scopes, name);
  if (name !== undefined && row.isForBothTypes !== true && row.path.startsWith('/v2/')) {
    refuseLoadBalanced(call.parts.endpoints.get(name));
  }
  return caller;
}

function limitRate(limiter: RateLimiter, row: Route, call: HttpCall): void {
  const operation = row.limitedAs ?? 'other';
  const allowance = limiter.take(call.caller, operation);
  if (!allowance) return;
  call.headers(rateLimitHeaders(operation, allowance));
  refuseIfSpent(operation, allowance);
}
