import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideStatus, isFinalState, type StatusEvent, type StatusRecord } from './status-record.ts';
import { processSettingsSchema } from './video-input.ts';

const accepted: StatusRecord = {
  ...{ job_id: 'job', status: 'accepted', progress: 0, created_at: 'then', updated_at: 'then', run: 1 },
  ...{ video: { key: 'k', etag: 'e', size_bytes: 1, name: 'walk.mp4' }, token: 't1', started_by: 'start' },
  settings: processSettingsSchema.parse({}),
};
const writers = fc.constantFrom('w1', 'w2', 'w3');
const tokens = fc.constantFrom('t1', 't2');
const runs = fc.constantFrom(1, 2);
const percent = fc.integer({ min: 0, max: 100 });
const event: fc.Arbitrary<StatusEvent> = fc.oneof(
  fc.record({ type: fc.constant('submitted' as const), token: tokens, processJobId: fc.string() }),
  fc.record({ type: fc.constant('begun' as const), token: tokens, writer: writers }),
  fc.record({
    type: fc.constant('progressed' as const),
    writer: writers,
    progress: percent,
    stage: fc.string(),
  }),
  fc.record({
    ...{ type: fc.constant('completed' as const), writer: writers, results: fc.constant([]) },
    ...{ resultKey: fc.constant('results/x.pkl'), warnings: fc.constant([]), models: fc.constant([]) },
  }),
  fc.record({ type: fc.constant('failed' as const), error: fc.string(), writer: writers }),
  fc.record({ type: fc.constant('failed' as const), error: fc.string(), run: runs }),
  fc.record({ type: fc.constant('cancelled' as const), run: runs }),
  fc.record({ type: fc.constant('restarted' as const), token: tokens, startedBy: fc.string() }),
);

/** Every event with what it was decided on. */
function play(events: readonly StatusEvent[]) {
  let record = accepted;
  return events.map((one) => {
    const before = record;
    const after = decideStatus(before, one, 'now');
    record = after ?? before;
    return { event: one, before, after };
  });
}

test('what is over stays as it is until it is started anew, as another run', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      for (const { event: one, before, after } of play(events)) {
        if (!isFinalState(before.status)) continue;
        if (one.type === 'restarted')
          expect(after).toMatchObject({ status: 'accepted', run: before.run + 1 });
        else expect(after).toBeUndefined();
      }
    }),
  );
});

test('an attempt that another one has taken over from writes nothing more', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      for (const { event: one, before, after } of play(events)) {
        const isByAttempt = 'writer' in one && one.type !== 'begun' && one.writer !== undefined;
        if (after && isByAttempt) expect(one.writer).toBe(before.writer);
      }
    }),
  );
});

test('progress never runs backwards within a run', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      for (const { before, after } of play(events))
        if (after?.run === before.run) expect(after.progress).toBeGreaterThanOrEqual(before.progress);
    }),
  );
});

test('an attempt of an earlier start can not begin', () => {
  const over = decideStatus(accepted, { type: 'cancelled', run: 1 }, 'now') as StatusRecord;
  const again = decideStatus(over, { type: 'restarted', token: 't2', startedBy: 's' }, 'now') as StatusRecord;
  expect(decideStatus(again, { type: 'begun', token: 't1', writer: 'late' }, 'now')).toBeUndefined();
  expect(decideStatus(again, { type: 'failed', error: 'late', run: 1 }, 'now')).toBeUndefined();
  expect(decideStatus(again, { type: 'begun', token: 't2', writer: 'w' }, 'now')).toMatchObject({
    status: 'processing',
    writer: 'w',
  });
});
