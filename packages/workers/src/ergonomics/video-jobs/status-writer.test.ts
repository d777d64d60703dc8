import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import type { StatusFiles } from './status-files.ts';
import type { StatusEvent, StatusRecord } from './status-record.ts';
import { createStatusWriter, HEARTBEAT_MS } from './status-writer.ts';

/** Notes what is written, until somebody else has taken over. */
function createNotes() {
  const written: StatusEvent[] = [];
  const state = { isTaken: false, failures: 0 };
  const record = { status: 'processing' } as StatusRecord;
  const files = {
    async apply(_id: string, event: StatusEvent) {
      if (state.failures > 0) {
        state.failures -= 1;
        throw new Error('the bucket is away');
      }
      if (!state.isTaken) written.push(event);
      return { record, isApplied: !state.isTaken };
    },
  } as unknown as StatusFiles;
  const clock = createManualClock();
  const problems: unknown[] = [];
  const writer = createStatusWriter({
    ...{ files, jobId: 'job', writer: 'w1', clock, onProblem: (error) => problems.push(error) },
  });
  return { written, state, clock, writer, problems };
}
const at = (progress: number) => ({ progress, stage: 'reading' });
const percents = (events: readonly StatusEvent[]) =>
  events.map((event) => ('progress' in event ? event.progress : event.type));

test('of values that come faster than every two seconds the last one is written', async () => {
  const { written, clock, writer } = createNotes();
  writer.progress(at(1));
  await clock.advance(0);
  for (const value of [2, 3, 4]) writer.progress(at(value));
  await clock.advance(1_999);
  expect(percents(written)).toEqual([1]);
  await clock.advance(1);
  expect(percents(written)).toEqual([1, 4]);
  await writer.stop();
});

test('segments that were done are written though what follows has none', async () => {
  const { written, clock, writer } = createNotes();
  writer.progress(at(1));
  await clock.advance(0);
  writer.progress({ ...at(80), segments: { done: 4, total: 4 } });
  writer.progress({ progress: 82, stage: 'writing the report' });
  await clock.advance(2_000);
  expect(written.at(-1)).toMatchObject({ progress: 82, segments: { done: 4, total: 4 } });
  await writer.stop();
});

test('a sign of life is written while nothing changes', async () => {
  const { written, clock, writer } = createNotes();
  writer.progress(at(10));
  await clock.advance(0);
  await clock.advance(2_000);
  await clock.advance(HEARTBEAT_MS);
  expect(percents(written)).toEqual([10, 10]);
  await writer.stop();
});

test('an attempt that was taken over from is stopped and can not end the job', async () => {
  const { written, state, clock, writer } = createNotes();
  state.isTaken = true;
  writer.progress(at(20));
  await clock.advance(0);
  expect(writer.fenced.aborted).toBe(true);
  expect(await writer.finish({ type: 'failed', error: 'late', writer: 'w1' })).toBeUndefined();
  expect(written).toEqual([]);
});

test('the end is written when the store is back', async () => {
  const { written, state, clock, writer, problems } = createNotes();
  state.failures = 2;
  const end = writer.finish({ type: 'failed', error: 'no video', writer: 'w1' });
  await clock.advance(0);
  await clock.advance(2_000);
  await clock.advance(4_000);
  expect(await end).toMatchObject({ status: 'processing' });
  expect(percents(written)).toEqual(['failed']);
  expect(problems).toHaveLength(2);
});
