import type { Bindings, LogFn, Logger } from 'pino';

/** Where a call says what happens to it. */
export type CallLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/**
 * A logger that comes into being when it logs. Each request has one that knows its id, and nearly no request logs
 * anything: making and keeping them all would cost more than reading most requests.
 */
export class LazyLog implements CallLog {
  readonly #parent: Logger;
  readonly #bindings: Bindings;
  #made: Logger | undefined;

  constructor(parent: Logger, bindings: Bindings) {
    this.#parent = parent;
    this.#bindings = bindings;
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

  #at(level: keyof CallLog): LogFn {
    if (!this.#parent.isLevelEnabled(level)) return IGNORE;
    this.#made ??= this.#parent.child(this.#bindings);
    return this.#made[level].bind(this.#made) as LogFn;
  }
}

const IGNORE: LogFn = () => {};
