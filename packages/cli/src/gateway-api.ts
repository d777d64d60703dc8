import type { ApiError } from '@spillway/sdk/client';
import { fetchSoundly } from '@spillway/sdk/net';
import { CliError, EXIT } from './cli-error.ts';
import type { Connection } from './connection.ts';

/** Calls to the gateway's own API (`/v1`, and `/v2` where no waiting is involved). Every "no" becomes a CliError. */
export interface GatewayApi {
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  /** Answers what the gateway answers, which may be nothing. */
  remove(path: string): Promise<unknown>;
  /** The answer's text as it arrives; undefined when the gateway says 404. */
  text(path: string, query: Query, signal: AbortSignal): Promise<TextAnswer | undefined>;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface TextAnswer {
  readonly workerId: string | undefined;
  readonly chunks: AsyncIterable<string>;
}

export function createGatewayApi(connection: Connection): GatewayApi {
  async function call(
    method: string,
    path: string,
    options: { query?: Query; body?: unknown; signal?: AbortSignal },
  ) {
    const { query = {}, body, signal } = options;
    const url = new URL(connection.url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { authorization: `Bearer ${connection.key}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    return fetchSoundly(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      throw unreachable(connection.url, cause);
    });
  }

  async function json<T>(response: Response): Promise<T> {
    const text = await response.text();
    if (!response.ok) throw refused(connection, response.status, text);
    return parse<T>(text, connection.url);
  }

  return {
    get: async (path, query = {}) => json(await call('GET', path, { query })),
    post: async (path, body) => json(await call('POST', path, { body })),
    patch: async (path, body) => json(await call('PATCH', path, { body })),
    async remove(path) {
      const response = await call('DELETE', path, {});
      const text = await response.text();
      if (!response.ok) throw refused(connection, response.status, text);
      return text === '' ? undefined : parse<unknown>(text, connection.url);
    },
    async text(path, query, signal) {
      const response = await call('GET', path, { query, signal });
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (!response.ok || !response.body) throw refused(connection, response.status, await response.text());
      return {
        workerId: response.headers.get('x-spillway-worker') ?? undefined,
        chunks: response.body.pipeThrough(new TextDecoderStream()),
      };
    },
  };
}

/** No gateway answers at that address. */
export function unreachable(url: string, cause: unknown): CliError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code =
    typeof inner === 'object' && inner !== null && 'code' in inner ? String(inner.code) : undefined;
  const why = code === undefined || code === 'ECONNREFUSED' ? '' : ` (${code})`;
  return new CliError('UNREACHABLE', `no gateway at ${url}${why}; start one with \`spillway up\``);
}

/** Whether it is the gateway that did not answer, and not the bucket that an upload goes straight to. */
export const isAway = (url: string, { code, detail }: ApiError): boolean =>
  code === 'UNREACHABLE' && detail.includes(new URL(url).origin);

/** The gateway's "no" in its own words, with what to do where that is known. */
function refused(connection: Connection, status: number, text: string): CliError {
  const body = parseObject(text);
  const code = typeof body.code === 'string' ? body.code : `HTTP_${status}`;
  const detail = typeof body.detail === 'string' ? body.detail : `the answer was HTTP ${status}`;
  return refusal(connection.url, { status, code, detail, requestId: body.requestId });
}

export function refusal(
  url: string,
  { status, code, detail, requestId }: { status: number; code: string; detail: string; requestId?: unknown },
): CliError {
  if (status === 401) {
    return new CliError(
      code,
      `the gateway at ${url} does not know this key; set SPILLWAY_API_KEY, or name the gateway's data directory with --data`,
      EXIT.wrongUse,
    );
  }
  const where = typeof requestId === 'string' ? ` (request id ${requestId})` : '';
  return new CliError(code, `${detail}${where}`);
}

function parse<T>(text: string, url: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new CliError('BAD_REPLY', `what answers at ${url} is no Spillway gateway`);
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
