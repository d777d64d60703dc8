import { API_PREFIX } from '@spillway/protocol';
import { describeNetworkError } from '../describe-error.ts';
import { ApiError, apiErrorOf } from './api-error.ts';

export interface CallOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal | undefined;
}

/** One call to the job API: answers the JSON object of a 2xx, throws `ApiError` for anything else. */
export type ApiCaller = (method: 'GET' | 'POST', path: string, options?: CallOptions) => Promise<object>;

export interface ApiCallerOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}

export function createApiCaller({ baseUrl, apiKey, fetch }: ApiCallerOptions): ApiCaller {
  const base = baseUrl.replace(/\/+$/, '');
  if (!/^https?:\/\//.test(base) || !base.endsWith(API_PREFIX)) {
    throw new TypeError(
      `baseUrl: expected an http(s) URL that ends in "${API_PREFIX}", e.g. http://127.0.0.1:8080/v2, got "${baseUrl}".`,
    );
  }

  return async (method, path, { body, query = {}, signal } = {}) => {
    const url = new URL(base.slice(0, -API_PREFIX.length) + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    let status: number;
    let text: string;
    try {
      const response = await fetch(url.href, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      const detail = `no answer from ${url.origin} (${describeNetworkError(error)}). Is the server running and the address right?`;
      throw new ApiError({ status: 0, code: 'UNREACHABLE', detail, cause: error });
    }
    if (status < 200 || status >= 300) throw apiErrorOf(status, text);
    return parseObject(status, text);
  };
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
