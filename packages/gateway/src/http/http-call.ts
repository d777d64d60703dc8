import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ByteBudget } from '../lib/byte-budget.ts';
import type { HangUp } from '../lib/hang-up.ts';
import type { Address } from './address.ts';
import type { Caller } from './auth.ts';
import { endAfterBody } from './end-after-body.ts';
import { type CallLog, LazyLog } from './lazy-log.ts';
import { parseQuery } from './parse-query.ts';
import type { BodyRoom } from './read-body.ts';
import type { Call, Reply, Route, RouteParts } from './route.ts';

/** What all calls have in common. */
export interface CallFace {
  readonly parts: RouteParts;
  readonly log: Logger;
  /** Names requests. */
  readonly requestIds: (request: IncomingMessage) => string;
  /** Of large bodies that are in memory. */
  readonly bodies: ByteBudget;
}

const ANYBODY: Caller = { scope: 'viewer' };
const NO_PARAMS: Readonly<Record<string, string>> = {};
const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * A request and its answer, as its route sees both. One object, since most calls live for some microseconds only; what
 * few look at (query, signal, log, the request's name) is made when they do.
 */
export class HttpCall implements Call, Reply, BodyRoom {
  readonly request: IncomingMessage;
  readonly raw: ServerResponse;
  readonly #face: CallFace;
  /** The row that it is for; null for what no row fits. */
  row: Route | null = null;
  params = NO_PARAMS;
  address: Address | undefined;
  body = '';
  caller = ANYBODY;
  /** When it came, by `performance.now()`. */
  readonly askedAt = performance.now();
  statusCode = 200;
  /** The pattern of its path, for metrics and logs. */
  pattern = 'none';
  #headers: Record<string, string> | undefined;
  #isHijacked = false;
  #isBodyRefused = false;
  #id: string | undefined;
  #signal: AbortSignal | undefined;
  #hangUp: HangUp | undefined;
  /** Gives back the room of a large body. */
  #release: (() => void) | undefined;

  constructor(face: CallFace, request: IncomingMessage, raw: ServerResponse) {
    this.#face = face;
    this.request = request;
    this.raw = raw;
  }

  get parts(): RouteParts {
    return this.#face.parts;
  }

  get budget(): ByteBudget {
    return this.#face.bodies;
  }

  hold(release: () => void): void {
    this.#release = release;
    if (this.raw.destroyed) release();
    else this.raw.once('close', release);
  }

  dropBody(): void {
    if (this.#release === undefined) return;
    this.body = '';
    this.#release();
  }

  get reply(): Reply {
    return this;
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get path(): string {
    return (this.request.url ?? '/').split('?')[0] ?? '/';
  }

  get id(): string {
    this.#id ??= this.#face.requestIds(this.request);
    return this.#id;
  }

  get query(): Readonly<Record<string, string>> {
    const { address } = this;
    if (!address) return NO_PARAMS;
    address.query ??= parseQuery(address.search);
    return address.query;
  }

  get signal(): AbortSignal {
    this.#signal ??= clientGone(this.raw);
    return this.#signal;
  }

  get log(): CallLog {
    return new LazyLog(this.#face.log, { requestId: this.id });
  }

  get hangUp(): HangUp {
    this.#hangUp ??= new ConnectionEnd(this.raw);
    return this.#hangUp;
  }

  get sent(): boolean {
    return this.#isHijacked || this.raw.writableEnded;
  }

  code(status: number): this {
    this.statusCode = status;
    return this;
  }

  header(name: string, value: string): this {
    this.#headers ??= {};
    this.#headers[name] = value;
    return this;
  }

  headers(headers: Readonly<Record<string, string>>): this {
    for (const name in headers) this.header(name, headers[name] ?? '');
    return this;
  }

  type(mediaType: string): this {
    return this.header('content-type', mediaType);
  }

  getHeaders(): Readonly<Record<string, string>> {
    return this.#headers ?? {};
  }

  hijack(): this {
    this.#isHijacked = true;
    return this;
  }

  /** What is left of it is thrown away: the answer goes out at once, its connection ends no sooner than the body. */
  refuseBody(): void {
    this.#isBodyRefused = true;
  }

  send(text?: string): void {
    const { raw, statusCode } = this;
    if (text === undefined) {
      raw.writeHead(statusCode, this.#headers);
      raw.end();
      return;
    }
    const length = Buffer.byteLength(text);
    const headers = this.#headers;
    if (headers === undefined) {
      raw.writeHead(statusCode, { 'content-type': JSON_TYPE, 'content-length': length });
    } else {
      headers['content-type'] ??= JSON_TYPE;
      headers['content-length'] = String(length);
      raw.writeHead(statusCode, headers);
    }
    if (this.#isBodyRefused) {
      raw.write(text);
      endAfterBody(this.request, raw);
    } else raw.end(text);
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
function clientGone(raw: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const look = () => {
    if (raw.destroyed && !raw.writableEnded) gone.abort(HUNG_UP);
  };
  raw.once('close', look);
  // It may have closed before anybody asked.
  look();
  return gone.signal;
}
