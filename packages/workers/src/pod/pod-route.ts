import type { IncomingHttpHeaders } from 'node:http';

/** A call of a worker's own HTTP face, with its body read. */
export interface PodCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty where there was none. */
  readonly body: Buffer;
  /** Names the call in logs, and its work where that has to be named. */
  readonly id: string;
  /** The body as a JSON object. Throws PodError. */
  json(): Readonly<Record<string, unknown>>;
  /** Aborts when the client hangs up. */
  readonly signal: AbortSignal;
}

export interface PodAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Written as JSON; undefined sends no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One row of a worker's HTTP face. */
export interface PodRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly maxBodyBytes: number;
  handle(call: PodCall): Promise<PodAnswer>;
}

/** An answer that is no success. The message is a sentence for the caller. */
export class PodError extends Error {
  override readonly name = 'PodError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
