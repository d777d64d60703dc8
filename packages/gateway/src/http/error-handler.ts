import { ArtifactError } from '@spillway/artifacts';
import { type ApiErrorBody, EMBEDDINGS_ROUTE } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import { ERRORS, type ErrorRow, GatewayError } from '../errors.ts';
import { createErrorLog } from './error-log.ts';
import type { HttpCall } from './http-call.ts';
import { openAiErrorBody, openAiErrorOf } from './openai/openai-error.ts';
import { hasBody } from './read-body.ts';
import type { NoteAnswer } from './request-log.ts';

type ErrorHandler = (error: Error, call: HttpCall) => void;

/** Turns whatever a route threw into the one error body. Unknown errors keep their message to the log. */
export function createErrorHandler(clock: Clock, noteAnswer: NoteAnswer): ErrorHandler {
  const errorLog = createErrorLog(clock);
  return (error, call) => {
    const known = toGatewayError(error);
    if (ERRORS[known.code].status >= 500) errorLog.note(call.log, known, error);
    // A stream that has begun can only break off, which tells its reader that it is not whole.
    if (call.raw.headersSent) call.raw.destroy();
    else answerError(known, call);
    noteAnswer(call);
  };
}

function answerError(known: GatewayError, call: HttpCall): void {
  const { status } = ERRORS[known.code];
  call.code(status).header('x-request-id', call.id);
  if (status === 503) call.header('retry-after', '1');
  // It was not read, or not to its end.
  if (hasBody(call.request)) call.refuseBody();
  if (isOpenAi(call)) {
    call.type('application/json').send(openAiErrorBody(openAiErrorOf(status, known.code, known.message)));
  } else call.type('application/problem+json').send(JSON.stringify(errorBody(known, call.id)));
}

/** Whether the caller is one of OpenAI's clients. */
function isOpenAi({ pattern }: HttpCall): boolean {
  return pattern === EMBEDDINGS_ROUTE || pattern.includes('/openai/');
}

/** The one error body. Only an answer that says 5xx names the request, since only those are in the log. */
export function errorBody({ code, message }: GatewayError, requestId?: string): ApiErrorBody {
  const row: ErrorRow = ERRORS[code];
  return {
    status: row.status,
    title: row.title,
    detail: message,
    error: row.word ?? message,
    code,
    ...(row.status >= 500 && requestId !== undefined ? { requestId } : {}),
  };
}

function toGatewayError(error: Error): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof ArtifactError) return new GatewayError(error.code, error.message, { cause: error });
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_SQLITE_ERROR') {
    return new GatewayError(
      'STORE_UNAVAILABLE',
      'the job store could not be written; nothing was accepted, try again',
      { cause: error },
    );
  }
  return new GatewayError('INTERNAL', 'the gateway failed; the reason is in its log under the request id', {
    cause: error,
  });
}
