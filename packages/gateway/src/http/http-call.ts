import type { ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { HangUp } from '../lib/hang-up.ts';
import type { Caller } from './auth.ts';
import { LazyLog } from './lazy-log.ts';
import type { Call, RouteParts } from './route.ts';

/**
 * A call as its route sees it. A class, since its query and its signal are made only for the few who look at them: an
 * object literal with getters would give each call a shape of its own, and keep all that it holds alive until the next
 * large garbage collection.
 */
export class HttpCall implements Call {
  readonly parts: RouteParts;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly body: string;
  readonly reply: FastifyReply;
  #query: Readonly<Record<string, string>> | undefined;
  #signal: AbortSignal | undefined;
  #hangUp: HangUp | undefined;
  readonly #log: Logger;

  constructor(parts: RouteParts, caller: Caller, reply: FastifyReply, log: Logger) {
    const { params, body } = reply.request;
    this.parts = parts;
    this.caller = caller;
    this.params = params as Record<string, string>;
    this.body = typeof body === 'string' ? body : '';
    this.reply = reply;
    this.#log = log;
  }

  get query(): Readonly<Record<string, string>> {
    this.#query ??= queryOf(this.reply.request);
    return this.#query;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGone(this.reply);
    return this.#signal;
  }

  get log(): FastifyBaseLogger {
    return new LazyLog(this.#log, { requestId: this.reply.request.id });
  }

  get hangUp(): HangUp {
    this.#hangUp ??= new ConnectionEnd(this.reply.raw);
    return this.#hangUp;
  }
}

/** Looks at the connection itself; a listener hears of its end. */
class ConnectionEnd implements HangUp {
  readonly #raw: ServerResponse;
  #listeners: readonly (() => void)[] = [];
  #isWatching = false;

  constructor(raw: ServerResponse) {
    this.#raw = raw;
  }

  get aborted(): boolean {
    return this.#raw.destroyed && !this.#raw.writableEnded;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#raw.on('close', () => {
      if (this.aborted) for (const one of this.#listeners) one();
    });
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener);
  }
}

/** One for all: each `abort` without a reason would make its own, with a stack. */
const HUNG_UP = new DOMException('the client hung up', 'AbortError');

/** Aborts when the connection closes before the answer is out. */
function clientGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const look = () => {
    if (raw.destroyed && !raw.writableEnded) gone.abort(HUNG_UP);
  };
  raw.once('close', look);
  // It may have closed before anybody asked.
  look();
  return gone.signal;
}

/** Of a parameter that came several times, the first. */
function queryOf(request: FastifyRequest): Readonly<Record<string, string>> {
  const given = request.query as Readonly<Record<string, string | string[]>>;
  // Nearly always as it is: the router's own object, which has no prototype.
  for (const key in given) if (Array.isArray(given[key])) return firstOfEach(given);
  return given as Readonly<Record<string, string>>;
}

function firstOfEach(given: Readonly<Record<string, string | string[]>>): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    query[key] = Array.isArray(value) ? (value[0] ?? '') : value;
  }
  return query;
}
