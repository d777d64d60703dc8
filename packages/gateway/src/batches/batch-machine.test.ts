import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS, type Batch, type RequestCounts } from './batch.ts';
import { decideBatch } from './batch-machine.ts';

const NONE: RequestCounts = { waiting: 0, submitted: 0, completed: 0, failed: 0 };

function batch(status: Batch['status'], requests: Partial<RequestCounts> = {}): Batch {
  return { id: 'b', endpoint: 'echo', status, createdAt: 0, requests: { ...NONE, ...requests } };
}

const finalized = (queued = 0) => ({ type: 'finalized', queued }) as const;

describe('the life of a batch', () => {
  it('is a draft until it is finalized, and then locked', () => {
    const draft = batch('DRAFT', { waiting: 2 });
    expect(decideBatch(draft, { type: 'added', count: 1 })).toEqual({ type: 'change', status: 'DRAFT' });
    expect(decideBatch(draft, { type: 'removed' })).toEqual({ type: 'change', status: 'DRAFT' });
    expect(decideBatch(draft, finalized())).toEqual({ type: 'change', status: 'FINALIZED' });
    const locked = batch('FINALIZED', { submitted: 2 });
    expect(decideBatch(locked, { type: 'added', count: 1 })).toMatchObject({ code: 'BATCH_LOCKED' });
    expect(decideBatch(locked, { type: 'removed' })).toMatchObject({ code: 'BATCH_LOCKED' });
  });

  it('takes a repeated finalize for the first one, and refuses one of a batch that has ended', () => {
    expect(decideBatch(batch('FINALIZED', { completed: 1 }), finalized())).toEqual({ type: 'nothing' });
    expect(decideBatch(batch('CANCELLED'), finalized())).toMatchObject({ code: 'BATCH_LOCKED' });
  });

  it('cannot be finalized without requests', () => {
    expect(decideBatch(batch('DRAFT'), finalized())).toMatchObject({ type: 'refuse', code: 'INPUT_INVALID' });
  });

  it('holds as many requests as the limit says, and not one more', () => {
    const full = batch('DRAFT', { waiting: BATCH_LIMITS.requests - 1 });
    expect(decideBatch(full, { type: 'added', count: 1 }).type).toBe('change');
    expect(decideBatch(full, { type: 'added', count: 2 })).toMatchObject({
      code: 'BATCH_LIMIT',
      message: expect.stringContaining('5000 requests, and this would make it 5001') as string,
    });
  });

  it('waits with its finalize while too many requests wait at the endpoint', () => {
    const draft = batch('DRAFT', { waiting: 10 });
    expect(decideBatch(draft, finalized(BATCH_LIMITS.queued - 10)).type).toBe('change');
    expect(decideBatch(draft, finalized(BATCH_LIMITS.queued - 9))).toMatchObject({ code: 'BATCH_LIMIT' });
  });

  it.each([
    ['a draft', batch('DRAFT', { waiting: 1 }), true],
    ['one that runs', batch('FINALIZED', { submitted: 1, completed: 1 }), true],
    ['one whose requests have all ended', batch('FINALIZED', { completed: 1, failed: 1 }), false],
    ['one that is cancelled', batch('CANCELLED', { failed: 1 }), false],
    ['one that failed', batch('FAILED', { failed: 1 }), false],
  ])('cancelling %s', (_name, one, isCancelled) => {
    const decision = decideBatch(one, { type: 'cancelled' });
    if (isCancelled) {
      expect(decision).toEqual({ type: 'change', status: 'CANCELLED', endsWaiting: 'CANCELLED' });
    } else expect(decision).toEqual({ type: 'nothing' });
  });

  it('fails when its endpoint is gone before all requests were jobs', () => {
    const event = { type: 'endpoint-gone', message: 'gone' } as const;
    expect(decideBatch(batch('FINALIZED', { waiting: 1, completed: 3 }), event)).toEqual({
      type: 'change',
      status: 'FAILED',
      endsWaiting: 'FAILED',
    });
    expect(decideBatch(batch('FINALIZED', { submitted: 1 }), event)).toEqual({ type: 'nothing' });
    expect(decideBatch(batch('DRAFT', { waiting: 1 }), event)).toEqual({ type: 'nothing' });
  });

  it('can be deleted once nothing of it waits or runs', () => {
    const event = { type: 'deleted' } as const;
    expect(decideBatch(batch('FINALIZED', { submitted: 1 }), event)).toMatchObject({ code: 'BATCH_RUNNING' });
    expect(decideBatch(batch('CANCELLED', { submitted: 1 }), event)).toMatchObject({ code: 'BATCH_RUNNING' });
    expect(decideBatch(batch('FINALIZED', { completed: 1 }), event).type).toBe('change');
    expect(decideBatch(batch('DRAFT', { waiting: 1 }), event).type).toBe('change');
  });
});
