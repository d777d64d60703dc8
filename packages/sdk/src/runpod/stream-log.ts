import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';
import type { RunpodLogLine } from './resources.ts';
import { errorOfReply, RunpodError } from './runpod-error.ts';

/**
 * The log of a pod or a worker as server-sent events. The service cuts connections, and there is no log before a container
 * starts: the stream goes on behind the last line that it gave (`Last-Event-ID` is the line's time), until it is aborted.
 */
export interface LogOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  /** How many of the last lines to begin with, at most 5000 (default). */
  readonly tail?: number;
}

const BOUNDS = { baseMs: 1000, maxMs: 10_000 };
const FIRST_TAIL = 5000;

export async function* streamLog(options: LogOptions): AsyncGenerator<RunpodLogLine, void, undefined> {
  const { clock, random, signal } = options;
  let lastId: string | undefined;
  for (let failures = 0; !signal.aborted; ) {
    try {
      for await (const event of connect(options, lastId)) {
        failures = 0;
        lastId = event.id ?? lastId;
        yield event.line;
      }
    } catch (error) {
      const isFinal = error instanceof RunpodError && ['UNAUTHORIZED', 'FORBIDDEN'].includes(error.code);
      if (signal.aborted) return;
      if (isFinal) throw error;
    }
    failures += 1;
    await clock.sleep(backoffMs(failures, BOUNDS, random), signal);
  }
}

async function* connect(
  { url, apiKey, fetch, signal, tail = FIRST_TAIL }: LogOptions,
  lastId: string | undefined,
) {
  const response = await fetch(`${url}?source=container&tail=${tail}`, {
    headers: {
      ...{ authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' },
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    },
    redirect: 'error',
    signal,
  });
  if (!response.ok || !response.body) {
    const { status, headers } = response;
    throw errorOfReply('read the log', {
      status,
      text: await response.text(),
      retryAfter: headers.get('retry-after'),
    });
  }
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const events = `${rest}${chunk}`.replaceAll('\r\n', '\n').split('\n\n');
    rest = events.pop() ?? '';
    for (const text of events) {
      const line = readEvent(text);
      if (line) yield line;
    }
  }
}

function readEvent(
  text: string,
): { readonly id: string | undefined; readonly line: RunpodLogLine } | undefined {
  const fields = new Map(
    text.split('\n').map((row) => {
      const at = row.indexOf(':');
      return [row.slice(0, at), row.slice(at + 1).replace(/^ /, '')];
    }),
  );
  try {
    const { source, line, ts } = JSON.parse(fields.get('data') ?? '') as RunpodLogLine;
    return typeof line === 'string' ? { id: fields.get('id'), line: { source, line, ts } } : undefined;
  } catch {
    // A comment that keeps the connection open.
    return undefined;
  }
}
