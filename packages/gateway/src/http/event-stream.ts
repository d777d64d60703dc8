import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '@spillway/sdk/clock';
import { z } from 'zod';
import type { EventLog, LoggedEvent, NumberedEvent } from '../events/event-log.ts';
import { joinJsonObject } from '../lib/json-slices.ts';

/**
 * One listener of `/v1/events` (server-sent events). It reads the log at the pace of its connection; one that is so slow
 * that the log has moved past it gets the event `reset` and goes on from there, so that nobody costs more than a batch.
 */
export interface EventStreamOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly raw: ServerResponse;
  /** Aborts when the listener is gone or the gateway stops. */
  readonly signal: AbortSignal;
  readonly wants: (event: LoggedEvent) => boolean;
  /** `Last-Event-ID`; absent: what happens from now on, or all that is kept where it ends there. */
  readonly lastId?: string | undefined;
  /** False: ends with what is kept. */
  readonly isFollowing?: boolean;
}

/** Query of `GET /v1/events`. */
export const eventsQuerySchema = z.object({
  endpoint: z.string().describe('Only events of this endpoint.').optional(),
  job: z.string().describe('Only events of this job.').optional(),
  follow: z
    .enum(['true', 'false'])
    .default('true')
    .describe('false: only what is kept behind that id, or all that is kept, and then the end.'),
  lastEventId: z.string().describe('As `Last-Event-ID`, where no header can be set.').optional(),
});

/** Silence is filled with a comment before any proxy cuts the connection. */
const HEARTBEAT_MS = 15_000;
const BATCH = 500;
const RETRY_MS = 2_000;

const RESETS = {
  unknown_id: 'the events behind Last-Event-ID are not known any more; list what you need anew',
  too_slow: 'this connection was too slow and missed events; list what you need anew',
} as const;

/** Sends events until the signal aborts, or to the newest one. */
export async function streamEvents(options: EventStreamOptions): Promise<void> {
  const { log, raw, signal, wants, lastId, isFollowing = true } = options;
  const start = isFollowing ? log.newest() : log.oldest();
  const known = lastId === undefined ? start : log.numberOf(lastId);
  let at = known ?? log.newest();
  // An id without data: a listener whose connection breaks before its first event misses none either.
  raw.write(`id: ${log.idOf(at)}\nretry: ${RETRY_MS}\n\n`);
  if (known === undefined) raw.write(resetText(options, 'unknown_id', at));
  while (!signal.aborted) {
    const events = log.after(at, BATCH);
    if (!events) {
      at = log.newest();
      raw.write(resetText(options, 'too_slow', at));
    } else if (events.length === 0) {
      if (!isFollowing) return;
      await waitForMore(options, at);
    } else {
      at = events.at(-1)?.number ?? at;
      await write(
        raw,
        signal,
        events
          .filter(wants)
          .map((event) => eventText(log, event))
          .join(''),
      );
    }
  }
}

/** Writes, and waits while the connection takes no more. */
async function write(raw: ServerResponse, signal: AbortSignal, text: string): Promise<void> {
  if (text === '' || raw.write(text)) return;
  await once(raw, 'drain', { signal }).catch(() => {});
}

async function waitForMore({ log, clock, raw, signal }: EventStreamOptions, at: number): Promise<void> {
  const more = new AbortController();
  const unwatch = log.watch(() => more.abort());
  try {
    if (log.newest() === at) await clock.sleep(HEARTBEAT_MS, AbortSignal.any([more.signal, signal]));
  } finally {
    unwatch();
  }
  if (!more.signal.aborted && !signal.aborted && log.newest() === at) raw.write(': still here\n\n');
}

function eventText(log: EventLog, { number, progress, ...fields }: NumberedEvent): string {
  const id = log.idOf(number);
  const data = joinJsonObject([
    ...Object.entries({ id, ...fields }).map(
      ([name, value]) => [name, value === undefined ? undefined : JSON.stringify(value)] as const,
    ),
    // Line ends are nothing but space in JSON, and would end the event.
    ['progress', progress?.replaceAll(/[\r\n]+/g, ' ')],
  ]);
  return `id: ${id}\nevent: ${fields.type}\ndata: ${data}\n\n`;
}

function resetText({ log, clock }: EventStreamOptions, reason: keyof typeof RESETS, at: number): string {
  const id = log.idOf(at);
  const data = { id, type: 'reset', at: clock.now(), reason, message: RESETS[reason] };
  return `id: ${id}\nevent: reset\ndata: ${JSON.stringify(data)}\n\n`;
}
