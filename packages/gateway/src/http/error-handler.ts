import type { ApiErrorBody } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ERRORS, type ErrorRow, GatewayError } from '../errors.ts';
import { createErrorLog } from './error-log.ts';
import { LazyLog } from './lazy-log.ts';
import { openAiErrorBody, openAiErrorOf } from './openai/openai-error.ts';
import type { NoteAnswer } from './request-log.ts';

type ErrorHandler = (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => void;

/** Turns whatever a route threw into the one error body. Unknown errors keep their message to the log. */
export function createErrorHandler(clock: Clock, log: Logger, noteAnswer: NoteAnswer): ErrorHandler {
  const errorLog = createErrorLog(clock);
  return (error, request, reply) => {
    const known = toGatewayError(error, request);
    if (ERRORS[known.code].status >= 500)
      errorLog.note(new LazyLog(log, { requestId: request.id }), known, error);
    answerError(known, request, reply);
    noteAnswer(request, reply);
  };
}

function answerError(known: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
  const { status } = ERRORS[known.code];
  reply.header('x-request-id', request.id);
  if (status === 503) reply.header('retry-after', '1');
  if (request.routeOptions.url?.includes('/openai/')) {
    const text = openAiErrorBody(openAiErrorOf(status, known.code, known.message));
    void reply.code(status).type('application/json').send(text);
    return;
  }
  void reply.code(status).type('application/problem+json').send(errorBody(known, request.id));
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

export function isBodyTooLarge(error: Error): boolean {
  return 'code' in error && error.code === 'FST_ERR_CTP_BODY_TOO_LARGE';
}

function toGatewayError(error: FastifyError | Error, request: FastifyRequest): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = 'code' in error ? error.code : undefined;
  if (isBodyTooLarge(error)) return bodyTooLarge(request);
  if ('statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500) {
    return new GatewayError('INPUT_INVALID', `bad request: ${error.message}`);
  }
  if (code === 'ERR_SQLITE_ERROR') {
    return new GatewayError(
      'STORE_UNAVAILABLE',
      'the job store could not be written; nothing was accepted, try again',
      {
        cause: error,
      },
    );
  }
  return new GatewayError('INTERNAL', 'the gateway failed; the reason is in its log under the request id', {
    cause: error,
  });
}

function bodyTooLarge(request: FastifyRequest): GatewayError {
  const limitMib = Math.floor((request.routeOptions.bodyLimit ?? 0) / (1024 * 1024));
  const message = `bad request: body: exceeded max body size of ${limitMib}MiB`;
  return new GatewayError(request.url.startsWith('/v2/') ? 'BODY_TOO_LARGE' : 'PAYLOAD_TOO_LARGE', message);
}
