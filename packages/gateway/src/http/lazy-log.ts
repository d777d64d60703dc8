import type { FastifyBaseLogger } from 'fastify';
import type { Bindings, ChildLoggerOptions, LogFn, Logger } from 'pino';

/**
 * A logger whose children come into being when they log. Each request has a child that knows its id, and nearly no
 * request logs anything: making and keeping them all would cost more than reading most requests.
 */
export class LazyLog implements FastifyBaseLogger {
  readonly #parent: Logger;
  readonly #bindings: Bindings;
  readonly #options: ChildLoggerOptions | undefined;
  #made: Logger | undefined;

  constructor(parent: Logger, bindings: Bindings, options?: ChildLoggerOptions) {
    this.#parent = parent;
    this.#bindings = bindings;
    this.#options = options;
  }

  get level(): string {
    return this.#own.level;
  }
  get trace(): LogFn {
    return this.#at('trace');
  }
  get debug(): LogFn {
    return this.#at('debug');
  }
  get info(): LogFn {
    return this.#at('info');
  }
  get warn(): LogFn {
    return this.#at('warn');
  }
  get error(): LogFn {
    return this.#at('error');
  }
  get fatal(): LogFn {
    return this.#at('fatal');
  }
  get silent(): LogFn {
    return IGNORE;
  }

  child(bindings: Bindings, options?: ChildLoggerOptions): FastifyBaseLogger {
    return new LazyLog(this.#own, bindings, options);
  }

  #at(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'): LogFn {
    // A child with a level of its own may log what its parent does not.
    if (this.#options?.level === undefined && !this.#parent.isLevelEnabled(level)) return IGNORE;
    const own = this.#own;
    return own[level].bind(own) as LogFn;
  }

  get #own(): Logger {
    this.#made ??= this.#parent.child(this.#bindings, this.#options);
    return this.#made;
  }
}

const IGNORE: LogFn = () => {};
