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
  /** Of a route that takes a form; else there is none. */
  readonly form?: PodForm;
  /** Names the call in logs, and its work where that has to be named. */
  readonly id: string;
  /** The body as a JSON object. Throws PodError. */
  json(): Readonly<Record<string, unknown>>;
  /** The caller sent the worker's `API_KEY`; false where none is set. */
  readonly hasKey: boolean;
  /** For the worker's log, which callers don't see. */
  log(message: string): void;
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

/** What a form of one file may hold. */
export interface FormLimits {
  /** The field that holds the file. */
  readonly file: string;
  readonly maxFileBytes: number;
}

export interface PodForm {
  readonly file: Buffer;
  /** Besides the file, as text; of several of one name the last. */
  readonly fields: ReadonlyMap<string, string>;
}

/** One row of a worker's HTTP face. */
export interface PodRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly maxBodyBytes: number;
  /** The body is a form (`multipart/form-data`) instead of JSON. */
  readonly form?: FormLimits;
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
