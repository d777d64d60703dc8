import { API_PREFIX } from '@spillway/protocol';
import { describeNetworkError } from '../describe-error.ts';
import { ApiError, apiErrorOf } from './api-error.ts';

export interface CallOptions {
  readonly body?: unknown;
  /** Absent values are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export type Method = 'GET' | 'POST' | 'DELETE';

/** Calls to the job API. Anything but a 2xx throws `ApiError`. */
export interface ApiCaller {
  /** Answers the JSON object of the answer; an empty one where there is none. */
  (method: Method, path: string, options?: CallOptions): Promise<object>;
  /** Answers as soon as the answer begins, for one that does not end. */
  open(path: string, options?: CallOptions): Promise<Response>;
}

export interface ApiCallerOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
  /** For answers that do not end. */
  readonly openWith: typeof fetch;
}

export function createApiCaller({ baseUrl, apiKey, fetch, openWith }: ApiCallerOptions): ApiCaller {
  const base = baseUrl.replace(/\/+$/, '');
  if (!/^https?:\/\//.test(base) || !base.endsWith(API_PREFIX)) {
    throw new TypeError(
      `baseUrl: expected an http(s) URL that ends in "${API_PREFIX}", e.g. http://127.0.0.1:8080/v2, got "${baseUrl}".`,
    );
  }

  async function send(method: Method, path: string, options: CallOptions, ask = fetch): Promise<Response> {
    const { body, query = {}, headers = {}, signal } = options;
    const url = new URL(base.slice(0, -API_PREFIX.length) + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    try {
      return await ask(url.href, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(url.origin, error);
    }
  }

  /** The answer's text; a connection that broke off in it is no answer. */
  async function textOf(response: Response, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(new URL(base).origin, error);
    }
  }

  async function call(method: Method, path: string, options: CallOptions = {}): Promise<object> {
    const response = await send(method, path, options);
    const text = await textOf(response, options.signal);
    if (!response.ok) throw apiErrorOf(response.status, text, response.headers.get('retry-after'));
    return response.status === 204 ? {} : parseObject(response.status, text);
  }

  async function open(path: string, options: CallOptions = {}): Promise<Response> {
    const response = await send('GET', path, options, openWith);
    if (response.ok) return response;
    const text = await textOf(response, options.signal);
    throw apiErrorOf(response.status, text, response.headers.get('retry-after'));
  }

  return Object.assign(call, { open });
}

function unreachable(origin: string, error: unknown): ApiError {
  const detail = `no answer from ${origin} (${describeNetworkError(error)}). Is the server running and the address right?`;
  return new ApiError({ status: 0, code: 'UNREACHABLE', detail, cause: error });
}

function parseObject(status: number, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  const detail = `expected a JSON object, got "${text.slice(0, 100)}". Is this the address of a job API?`;
  throw new ApiError({ status, code: 'BAD_REPLY', detail });
}
