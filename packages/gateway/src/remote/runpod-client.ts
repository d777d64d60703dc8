import { readJsonObject } from '../lib/json-slices.ts';

/**
 * Calls of RunPod's job API for one endpoint. Values stay the text that arrived. Nothing throws: what became of a call is
 * an answer, and the difference that matters is whether it may have arrived.
 */
export type RemoteAnswer =
  | {
      readonly type: 'answered';
      readonly slices: ReadonlyMap<string, string>;
      readonly value: Readonly<Record<string, unknown>>;
    }
  /** It arrived and was refused: the same call would be refused again. */
  | { readonly type: 'refused'; readonly status: number; readonly problem: string }
  /** It did nothing there: throttled, or nobody was reached. */
  | { readonly type: 'not-now'; readonly problem: string; readonly retryAfterMs?: number }
  /** It may have arrived. */
  | { readonly type: 'unsure'; readonly problem: string };

export interface RunpodClientOptions {
  readonly baseUrl: string;
  readonly endpointId: string;
  readonly apiKey: string;
  readonly fetch?: typeof fetch;
}

export type RunpodClient = ReturnType<typeof createRunpodClient>;

/** A submit carries up to 10 MiB; everything else is small or waits for a result of up to 20 MB. */
const TIMEOUT_MS = 30_000;

/** Errors of a connection that never came to be. */
const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function createRunpodClient(options: RunpodClientOptions) {
  const { baseUrl, endpointId, apiKey } = options;
  const send = options.fetch ?? fetch;
  const root = `${baseUrl}/${encodeURIComponent(endpointId)}`;

  async function call(method: 'GET' | 'POST', path: string, body?: string): Promise<RemoteAnswer> {
    try {
      const response = await send(`${root}${path}`, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        // A redirect could take the key elsewhere.
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body }),
      });
      return answerOf(response, await response.text());
    } catch (error) {
      const code = codeOf(error);
      const problem = `it did not answer (${code ?? (error instanceof Error ? error.name : 'unknown error')})`;
      return { type: NOT_REACHED.has(code ?? '') ? 'not-now' : 'unsure', problem };
    }
  }

  const named = (operation: string, id: string) => `/${operation}/${encodeURIComponent(id)}`;
  return {
    submit: (body: string) => call('POST', '/run', body),
    status: (id: string) => call('GET', named('status', id)),
    /** `offset`: chunks known; a Spillway gateway gives those behind it, RunPod those it has not given yet. */
    stream: (id: string, offset: number) => call('GET', `${named('stream', id)}?wait=1000&offset=${offset}`),
    cancel: (id: string) => call('POST', named('cancel', id), '{}'),
    health: () => call('GET', '/health'),
  };
}

function answerOf(response: Response, text: string): RemoteAnswer {
  const { status } = response;
  if (status === 200) {
    try {
      return { type: 'answered', ...readJsonObject(text) };
    } catch {
      return { type: 'unsure', problem: 'it answered with something else than a JSON object' };
    }
  }
  const problem = `it answered ${status}${detailOf(text)}`;
  if (status === 429 || status === 503) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return { type: 'not-now', problem, ...(seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}) };
  }
  return status >= 400 && status < 500 && status !== 408
    ? { type: 'refused', status, problem }
    : { type: 'unsure', problem };
}

const LONGEST_DETAIL = 200;

function detailOf(text: string): string {
  try {
    const { detail, error, message } = JSON.parse(text) as Record<string, unknown>;
    const said = [detail, error, message].find((one) => typeof one === 'string');
    return said === undefined ? '' : `: ${String(said).slice(0, LONGEST_DETAIL)}`;
  } catch {
    return '';
  }
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? undefined : codeOf(cause);
}
