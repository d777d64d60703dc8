import type { FastifyReply } from 'fastify';
import type { HttpCall } from './http-call.ts';
import type { Answer } from './route.ts';

/**
 * Writes answers, all of one turn of the event loop in a row: what arrived together, or was committed together, is
 * handled first. To write to a client that sleeps costs as much for its waking as all else about the answer; of several
 * in a row only the first does where they go to one process, such as a pool of clients, a proxy or the workers of one
 * machine. A turn with one answer writes it as soon as it is handled.
 */
export interface Answers {
  /** To be written at the end of this turn. */
  add(call: HttpCall, answer: Answer): void;
}

export function createAnswers(isStopping: () => boolean): Answers {
  let waiting: { readonly call: HttpCall; readonly answer: Answer }[] = [];

  function writeAll(): void {
    const all = waiting;
    waiting = [];
    for (const { call, answer } of all) write(call, answer);
  }

  return {
    add(call, answer) {
      // The connections may be closed before this turn ends.
      if (isStopping()) write(call, answer);
      else if (waiting.push({ call, answer }) === 1) setImmediate(writeAll);
    },
  };
}

function write({ reply, onLost }: HttpCall, answer: Answer): void {
  if (reply.sent) return;
  if (reply.raw.destroyed) onLost?.();
  try {
    if (answer === undefined) {
      void reply.code(204).send();
      return;
    }
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    void reply.type('application/json; charset=utf-8').send(text);
  } catch (error) {
    fail(reply, error);
  }
}

/** Ends with the error handler of the route. */
export function fail(reply: FastifyReply, error: unknown): void {
  void reply.send(error instanceof Error ? error : new Error(String(error)));
}
