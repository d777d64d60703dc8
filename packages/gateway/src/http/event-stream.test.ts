import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventLog, type EventLog, type LoggedEvent } from '../events/event-log.ts';
import { streamEvents } from './event-stream.ts';

const clock = createManualClock();
let log: EventLog;
let leave: AbortController;
let raw: PassThrough;
let ended: Promise<void>;

beforeEach(() => {
  log = createEventLog('run', 100);
  leave = new AbortController();
});
afterEach(async () => {
  leave.abort();
  await ended;
  expect(clock.pending()).toEqual([]);
});

function listen(
  more: { lastId?: string; bufferBytes?: number; wants?: (event: LoggedEvent) => boolean } = {},
) {
  const { lastId, bufferBytes = 65_536, wants = () => true } = more;
  raw = new PassThrough({ highWaterMark: bufferBytes });
  const response = raw as unknown as ServerResponse;
  ended = streamEvents({ log, clock, raw: response, signal: leave.signal, wants, lastId });
}

const append = (jobId: string) => log.append({ type: 'job.queued', at: 1, endpoint: 'echo', jobId });
/** What has arrived since the last look, as the events' names, ids and jobs. */
async function arrived(): Promise<string[]> {
  await clock.settle();
  const text = String(raw.read() ?? '');
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: ') || block.startsWith(':'))
    .map((block) => {
      const data = /data: (.*)/.exec(block)?.[1];
      if (data === undefined) return block;
      const event = JSON.parse(data) as { id: string; type: string; jobId?: string; reason?: string };
      expect(block).toMatch(new RegExp(`^id: ${event.id}\nevent: ${event.type}\n`));
      return `${event.id} ${event.jobId ?? `${event.type} ${event.reason}`}`;
    });
}

describe('a listener', () => {
  it('hears what happens from now on, as it happens', async () => {
    append('before');
    listen();
    expect(await arrived()).toEqual([]);
    append('a');
    expect(await arrived()).toEqual(['run-2 a']);
    append('b');
    append('c');
    expect(await arrived()).toEqual(['run-3 b', 'run-4 c']);
  });

  it('that comes back with the id of its last event misses none and gets none twice', async () => {
    for (const id of ['a', 'b', 'c']) append(id);
    listen({ lastId: 'run-1' });
    append('d');
    expect(await arrived()).toEqual(['run-2 b', 'run-3 c', 'run-4 d']);
  });

  it('that comes back too late, or from another run, is told to list anew and goes on from now', async () => {
    for (let i = 0; i < 150; i += 1) append(`j${i}`);
    listen({ lastId: 'run-20' });
    append('next');
    expect(await arrived()).toEqual(['run-150 reset unknown_id', 'run-151 next']);
    leave.abort();
    await ended;
    leave = new AbortController();
    listen({ lastId: 'older-150' });
    expect(await arrived()).toEqual(['run-151 reset unknown_id']);
  });

  it('gets only what it asked for, and may still come back behind what it did not see', async () => {
    listen({ wants: ({ jobId }) => jobId === 'mine' });
    append('other');
    append('mine');
    append('other');
    expect(await arrived()).toEqual(['run-2 mine']);
  });

  it('hears a comment every 15 s of silence', async () => {
    listen();
    await arrived();
    await clock.advance(14_999);
    expect(await arrived()).toEqual([]);
    await clock.advance(1);
    expect(await arrived()).toEqual([': still here']);
    await clock.advance(10_000);
    append('a');
    await arrived();
    await clock.advance(14_999);
    expect(await arrived()).toEqual([]);
    await clock.advance(1);
    expect(await arrived()).toEqual([': still here']);
  });

  it('that does not read costs no more than its buffer and a batch, and is told what it missed', async () => {
    listen({ bufferBytes: 200 });
    await clock.settle();
    for (let i = 0; i < 5; i += 1) append(`a${i}`);
    await clock.settle();
    const held = raw.readableLength + raw.writableLength;
    for (let i = 0; i < 1_000; i += 1) append(`b${i}`);
    await clock.settle();
    expect(raw.readableLength + raw.writableLength).toBe(held);
    const first = await arrived();
    expect(first.slice(0, 5)).toEqual(['run-1 a0', 'run-2 a1', 'run-3 a2', 'run-4 a3', 'run-5 a4']);
    const rest = [...first.slice(5), ...(await arrived())];
    expect(rest).toEqual(['run-1005 reset too_slow']);
    append('next');
    expect(await arrived()).toEqual(['run-1006 next']);
  });

  it('gets progress digit for digit, and line ends in it do not break the event', async () => {
    listen();
    log.append({
      type: 'job.progress',
      at: 1,
      endpoint: 'echo',
      jobId: 'j',
      progress: '{\n"done": 0.50\r\n}',
    });
    await clock.settle();
    expect(String(raw.read())).toContain(
      'data: {"id":"run-1","type":"job.progress","at":1,"endpoint":"echo","jobId":"j","progress":{ "done": 0.50 }}\n\n',
    );
  });
});
