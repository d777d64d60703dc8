import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS, BATCH_STATUSES, type Batch, openOf, totalOf } from './batch.ts';
import { type BatchEvent, decideBatch } from './batch-machine.ts';

const count = fc.oneof(fc.nat(3), fc.nat(BATCH_LIMITS.requests));
const anyBatch: fc.Arbitrary<Batch> = fc.record({
  id: fc.constant('b'),
  endpoint: fc.constant('echo'),
  createdAt: fc.constant(0),
  status: fc.constantFrom(...BATCH_STATUSES),
  requests: fc.record({ waiting: count, submitted: count, completed: count, failed: count }),
});
const anyEvent: fc.Arbitrary<BatchEvent> = fc.oneof(
  fc.record({ type: fc.constant('added' as const), count }),
  fc.record({ type: fc.constant('finalized' as const), queued: fc.nat(BATCH_LIMITS.queued) }),
  fc.record({ type: fc.constant('named' as const), name: fc.string() }),
  fc.record({ type: fc.constant('endpoint-gone' as const), message: fc.string() }),
  fc.constantFrom<BatchEvent>({ type: 'removed' }, { type: 'cancelled' }, { type: 'deleted' }),
);

/** States in the order of a batch's life. */
const ORDER = { DRAFT: 0, FINALIZED: 1, FAILED: 2, CANCELLED: 2 };

describe('any batch under any event', () => {
  it('never goes back, and a cancelled or failed one changes no more', () => {
    fc.assert(
      fc.property(anyBatch, anyEvent, (batch, event) => {
        const decision = decideBatch(batch, event);
        const status = decision.type === 'change' ? decision.status : batch.status;
        expect(ORDER[status]).toBeGreaterThanOrEqual(ORDER[batch.status]);
        if (batch.status === 'FAILED' || batch.status === 'CANCELLED') expect(status).toBe(batch.status);
      }),
    );
  });

  it('gets requests as a draft only, and never more than the limit', () => {
    fc.assert(
      fc.property(anyBatch, count, (batch, added) => {
        const decision = decideBatch(batch, { type: 'added', count: added });
        const isTaken = batch.status === 'DRAFT' && totalOf(batch.requests) + added <= BATCH_LIMITS.requests;
        expect(decision.type === 'change').toBe(isTaken);
      }),
    );
  });

  it('runs only after a finalize that it had requests for', () => {
    fc.assert(
      fc.property(anyBatch, anyEvent, (batch, event) => {
        const decision = decideBatch(batch, event);
        if (decision.type !== 'change' || decision.status !== 'FINALIZED' || batch.status === 'FINALIZED')
          return;
        expect(event.type).toBe('finalized');
        expect(totalOf(batch.requests)).toBeGreaterThan(0);
      }),
    );
  });

  it('leaves no waiting request behind when it is cancelled or fails, and none in a deleted one', () => {
    fc.assert(
      fc.property(anyBatch, anyEvent, (batch, event) => {
        const decision = decideBatch(batch, event);
        if (decision.type !== 'change') return;
        const hasEnded = decision.status !== batch.status && ORDER[decision.status] === 2;
        expect(decision.endsWaiting !== undefined).toBe(hasEnded);
        if (event.type === 'deleted' && batch.status !== 'DRAFT') expect(openOf(batch.requests)).toBe(0);
      }),
    );
  });
});
