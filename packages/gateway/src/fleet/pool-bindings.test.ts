import { createManualClock } from '@spillway/sdk/clock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createPoolBindings } from './pool-bindings.ts';
import type { PoolBinding, PoolStore } from './pool-store.ts';

const LEASE_MS = 40_000;
const FAR: PoolBinding = { workerId: 'far', endpoint: 'mine', keyId: 'k1' };
const NEAR: PoolBinding = { workerId: 'near', endpoint: 'mine', keyId: 'k2' };

let clock: ReturnType<typeof createManualClock>;
let rows: Map<string, PoolBinding>;
let writes: number;
let isDiskFull: boolean;
let errors: unknown[];
let holding: Set<string>;

const store: PoolStore = {
  load: () => [...rows.values()],
  async save(changes) {
    writes += 1;
    if (isDiskFull) throw new Error('disk full');
    for (const [workerId, binding] of changes) {
      if (binding) rows.set(workerId, binding);
      else rows.delete(workerId);
    }
  },
};

beforeEach(() => {
  clock = createManualClock();
  rows = new Map();
  writes = 0;
  isDiskFull = false;
  errors = [];
  holding = new Set();
});

/** A gateway's life over the same rows. */
const open = () =>
  createPoolBindings({
    ...{ store, clock, leaseMs: LEASE_MS },
    isHolding: (workerId) => holding.has(workerId),
    onError: (error) => errors.push(error),
  });

describe('what is written of connected workers', () => {
  test('is written soon, and one write takes all that came together', async () => {
    const bindings = open();
    bindings.bind(FAR);
    bindings.bind(NEAR);
    expect(writes).toBe(0);
    await clock.advanceToNext();
    expect([...rows.values()]).toEqual([FAR, NEAR]);
    expect(writes).toBe(1);
    expect(clock.pending()).toEqual([]);
  });

  test('is dropped when a worker is gone', async () => {
    const bindings = open();
    bindings.bind(FAR);
    await clock.advanceToNext();
    bindings.free('far');
    await bindings.close();
    expect(rows.size).toBe(0);
    expect(clock.pending()).toEqual([]);
  });

  test('is not written again for a worker that comes back after a restart', async () => {
    rows.set('far', FAR);
    const bindings = open();
    expect(bindings.remembered('far')).toEqual(FAR);
    bindings.bind(FAR);
    await bindings.close();
    expect(writes).toBe(0);
    expect(bindings.remembered('far')).toBeUndefined();
  });

  test('waits for the next change when the disk is full, and newer changes win', async () => {
    const bindings = open();
    bindings.bind(FAR);
    isDiskFull = true;
    await clock.advanceToNext();
    expect(errors).toHaveLength(1);
    expect(clock.pending()).toEqual([]);
    isDiskFull = false;
    bindings.bind(NEAR);
    await clock.advanceToNext();
    expect([...rows.keys()].sort()).toEqual(['far', 'near']);

    isDiskFull = true;
    bindings.free('near');
    await clock.advanceToNext();
    isDiskFull = false;
    bindings.bind(NEAR);
    await bindings.close();
    expect([...rows.keys()].sort()).toEqual(['far', 'near']);
  });
});

describe('what a gateway remembers of the last one', () => {
  test('counts for a lease from the first call on, and is forgotten then, in memory and on disk', async () => {
    rows.set('far', FAR);
    const bindings = open();
    await clock.advance(10 * LEASE_MS);
    expect(bindings.remembered('another')).toBeUndefined();
    await clock.advance(LEASE_MS - 1);
    expect(bindings.remembered('far')).toEqual(FAR);
    await clock.advance(1);
    expect(bindings.remembered('far')).toBeUndefined();
    await bindings.close();
    expect(rows.size).toBe(0);
  });

  test('counts longer for a worker that still holds jobs', async () => {
    rows.set('far', FAR).set('near', NEAR);
    holding.add('far');
    const bindings = open();
    bindings.remembered('far');
    await clock.advance(LEASE_MS);
    expect(bindings.remembered('near')).toBeUndefined();
    expect(bindings.remembered('far')).toEqual(FAR);
    holding.delete('far');
    await clock.advance(LEASE_MS);
    expect(bindings.remembered('far')).toBeUndefined();
    await bindings.close();
  });
});
