import { nativePath } from '@spillway/protocol';
import type { GatewayEvent } from '@spillway/protocol/v1';
import { backoffMs } from '../backoff.ts';
import type { ClientParts } from './client-parts.ts';

export interface EventOptions {
  readonly endpoint?: string;
  readonly job?: string;
  /** Id of the last event that was seen: goes on behind it. */
  readonly lastEventId?: string;
  readonly signal?: AbortSignal;
}

const PAUSE = { baseMs: 250, maxMs: 5_000 };

/** Events without end: a connection that breaks is opened again behind the last event that was seen. */
export async function* streamEvents(
  { call, patience, clock, random }: ClientParts,
  { endpoint, job, lastEventId, signal }: EventOptions,
): AsyncGenerator<GatewayEvent, void> {
  let lastId = lastEventId;
  for (let breaks = 1; ; breaks += 1) {
    const response = await patience(() => {
      const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
      return call.open(nativePath.events, { query: { endpoint, job }, headers, signal });
    }, signal);
    try {
      for await (const { id, data } of blocksOf(response)) {
        lastId = id ?? lastId;
        if (data === undefined) continue;
        breaks = 0;
        yield JSON.parse(data) as GatewayEvent;
      }
    } catch (error) {
      signal?.throwIfAborted();
      // The connection broke; what the reader of this generator throws does not come here.
      if (error instanceof SyntaxError) throw error;
    }
    signal?.throwIfAborted();
    // Also a server that ends each answer at once must not be asked without pause.
    await clock.sleep(backoffMs(Math.max(1, breaks), PAUSE, random), signal);
    signal?.throwIfAborted();
  }
}

interface Block {
  readonly id?: string;
  readonly data?: string;
}

/** Server-sent events: the id and the data of each block; comments and other fields are passed over. */
async function* blocksOf(response: Response): AsyncGenerator<Block, void> {
  let block: { id?: string; data?: string } = {};
  for await (const line of lines(response)) {
    const [, name, value = ''] = /^(id|data): ?(.*)$/.exec(line) ?? [];
    if (name === 'id') block.id = value;
    else if (name === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
    if (line !== '') continue;
    yield block;
    block = {};
  }
}

async function* lines(response: Response): AsyncGenerator<string, void> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) yield part.endsWith('\r') ? part.slice(0, -1) : part;
    }
  } finally {
    // The reader of the generator left: the connection goes with it.
    await reader.cancel().catch(() => {});
  }
}
