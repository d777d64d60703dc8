import { createSystemClock } from '@spillway/sdk/clock';
import { wrongUse } from '../cli-error.ts';
import { isLoopback } from '../connection.ts';
import { durationText } from '../text.ts';
import { type Check, CheckFailed, NothingAnswers } from './check.ts';
import type { HttpReply, RunOptions, SmokeReply, SmokeTarget } from './target.ts';

/** What a worker tells of itself under `/info`, as far as a smoke test looks at it. */
export interface PodInfo {
  readonly worker?: string;
  readonly models?: readonly { readonly id: string; readonly role?: string; readonly isDemo?: boolean }[];
  readonly engine?: { readonly provider?: string; readonly threads?: number };
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface PodOptions {
  readonly url: string;
  /** Its `API_KEY`, where it has one. */
  readonly apiKey: string | undefined;
  /** The worker that it is meant to be; undefined where that is not known. */
  readonly worker: string | undefined;
  readonly timeoutMs: number;
  /** Told what `/info` says, before any input is sent. */
  readonly onInfo?: (info: PodInfo) => void;
}

const BETWEEN_LOOKS_MS = 500;

/** A worker's own HTTP face. @throws CliError for an address that is none. */
export function createPodTarget(options: PodOptions): SmokeTarget {
  const url = checkUrl(options.url);
  const call = createCaller(url, options);
  const health: Check = { name: 'health', run: (signal) => untilHealthy(call, options.timeoutMs, signal) };
  const info: Check = {
    name: 'info',
    async run(signal) {
      const told = infoOf(await call('/info', undefined, signal));
      options.onInfo?.(told);
      return describeInfo(told, options.worker);
    },
  };
  return {
    kind: 'pod',
    label: url,
    // The worker's `/runsync` belongs to no endpoint, and goes by the worker's name.
    signedName: options.worker ?? '',
    isLocal: isLoopback(url),
    checks: [health, info],
    run: (input, runOptions) => runInput(call, input, runOptions),
    call,
  };
}

type Caller = (path: string, body: unknown, signal: AbortSignal) => Promise<HttpReply>;

function createCaller(url: string, { apiKey, timeoutMs }: PodOptions): Caller {
  return async (path, body, signal) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const headers: Record<string, string> = {};
    if (apiKey) headers.authorization = `Bearer ${apiKey}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await fetch(`${url}${path}`, {
        headers,
        signal: AbortSignal.any([signal, limit]),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      return { status: response.status, body: parse(await response.text()) };
    } catch (error) {
      signal.throwIfAborted();
      // Hanging up has cancelled the call.
      if (limit.aborted)
        throw new NothingAnswers(`no answer from ${path} within ${durationText(timeoutMs)} (--timeout)`);
      throw new NothingAnswers(`no answer from ${url} (${reasonOf(error)})`);
    }
  };
}

async function untilHealthy(call: Caller, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const clock = createSystemClock();
  const startedAt = clock.now();
  for (;;) {
    const { status, body } = await call('/health', undefined, signal);
    const state = fieldOf(body, 'status');
    if (status === 200 && state === 'healthy')
      return `healthy, worker ${fieldOf(body, 'worker') ?? 'not named'}`;
    const waitedMs = clock.now() - startedAt;
    if (status !== 503 || state !== 'loading')
      throw new NothingAnswers(`/health says HTTP ${status}, status ${String(state)}`);
    if (waitedMs > timeoutMs)
      throw new NothingAnswers(`it still loads its models after ${durationText(timeoutMs)} (--timeout)`);
    await clock.sleep(BETWEEN_LOOKS_MS, signal);
  }
}

function infoOf(reply: HttpReply): PodInfo {
  if (reply.status === 401) throw new NothingAnswers(wantsKey());
  if (reply.status !== 200 || typeof reply.body !== 'object' || reply.body === null)
    throw new CheckFailed(`/info says HTTP ${reply.status}: ${messageOf(reply)}`);
  return reply.body as PodInfo;
}

function describeInfo({ worker, models = [], engine }: PodInfo, wanted: string | undefined): string {
  if (wanted !== undefined && worker !== wanted)
    throw new NothingAnswers(`expected the worker ${wanted}, and it is ${String(worker)}`);
  const named = models.map(({ id, role, isDemo }) => `${role ?? 'model'}: ${id}${isDemo ? ' (demo)' : ''}`);
  const runsOn = engine?.provider === undefined ? [] : [`on ${engine.provider}, ${engine.threads} threads`];
  return [...named, ...runsOn].join('; ') || `worker ${String(worker)}`;
}

async function runInput(call: Caller, input: object, { signal }: RunOptions): Promise<SmokeReply> {
  const startedAt = performance.now();
  const reply = await call('/runsync', { input }, signal);
  if (reply.status === 401) throw new NothingAnswers(wantsKey());
  const status = fieldOf(reply.body, 'status');
  if (reply.status !== 200 || typeof status !== 'string')
    throw new CheckFailed(`/runsync says HTTP ${reply.status}: ${messageOf(reply)}`);
  const error = fieldOf(reply.body, 'error');
  return {
    status,
    output: fieldOf(reply.body, 'output'),
    error: typeof error === 'string' ? error : undefined,
    ranMs: performance.now() - startedAt,
  };
}

const wantsKey = () => 'it wants a key; set API_KEY to that of the worker';

function messageOf({ body }: HttpReply): string {
  const error = fieldOf(body, 'error');
  const message = fieldOf(error, 'message') ?? fieldOf(body, 'detail') ?? error;
  return typeof message === 'string' ? message : 'no reason was given';
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw wrongUse(`--pod: expected an address such as http://127.0.0.1:8000, found "${text}"`);
  if (url.username !== '' || url.password !== '')
    throw wrongUse('--pod: leave name and password out of the address; the key of a worker is API_KEY');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
