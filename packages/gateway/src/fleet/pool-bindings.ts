import type { Clock } from '@spillway/sdk/clock';
import { createOneAtATime } from '../lib/one-at-a-time.ts';
import type { PoolBinding, PoolStore } from './pool-store.ts';

/**
 * Which key may speak for which worker id, beyond the life of one gateway. While a worker is connected its own record
 * decides; here is kept what the next gateway needs: until a lease has passed after its start, and as long as a worker
 * holds jobs from before, its id is as good as connected. Written a moment later and together, never on the call itself.
 */
export interface PoolBindings {
  /** Whose the id was when the last gateway ended, while that still counts. */
  remembered(workerId: string): PoolBinding | undefined;
  /** The worker has connected. */
  bind(binding: PoolBinding): void;
  /** The worker is gone; its id is free. */
  free(workerId: string): void;
  /** Writes what is not written yet. Call it last: after it nothing is written by itself. */
  close(): Promise<void>;
}

export interface PoolBindingsOptions {
  readonly store: PoolStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Whether the worker holds jobs. */
  readonly isHolding: (workerId: string) => boolean;
  readonly onError: (error: unknown) => void;
}

/** So many workers may connect in this time at the price of one write; a crash forgets those of its last moment. */
const WRITE_AFTER_MS = 200;

export function createPoolBindings(options: PoolBindingsOptions): PoolBindings {
  const { store, clock, leaseMs, isHolding, onError } = options;
  const remembered = new Map(store.load().map((binding) => [binding.workerId, binding]));
  const unwritten = new Map<string, PoolBinding | undefined>();
  /** Counts from the first call on, since nobody could call before. */
  let countsUntil: number | undefined;
  let stopTimer: (() => void) | undefined;
  const inOrder = createOneAtATime();

  async function writeNow(): Promise<void> {
    stopTimer?.();
    stopTimer = undefined;
    if (unwritten.size === 0) return;
    const changes = new Map(unwritten);
    unwritten.clear();
    try {
      await store.save(changes);
    } catch (error) {
      // A full disk shuts no worker out: it is written with the next change, or at the end.
      for (const [workerId, binding] of changes)
        if (!unwritten.has(workerId)) unwritten.set(workerId, binding);
      onError(error);
    }
  }

  const write = () => inOrder(writeNow);

  function change(workerId: string, binding: PoolBinding | undefined): void {
    unwritten.set(workerId, binding);
    stopTimer ??= clock.timer(WRITE_AFTER_MS, () => void write());
  }

  function forgetThoseWhoStayedAway(): void {
    countsUntil = clock.now() + leaseMs;
    for (const workerId of remembered.keys()) {
      if (isHolding(workerId)) continue;
      remembered.delete(workerId);
      change(workerId, undefined);
    }
  }

  return {
    remembered(workerId) {
      if (remembered.size === 0) return undefined;
      countsUntil ??= clock.now() + leaseMs;
      if (clock.now() >= countsUntil) forgetThoseWhoStayedAway();
      return remembered.get(workerId);
    },
    bind(binding) {
      const { workerId, endpoint, keyId } = binding;
      const before = remembered.get(workerId);
      remembered.delete(workerId);
      if (before?.endpoint === endpoint && before.keyId === keyId) return;
      change(workerId, binding);
    },
    free: (workerId) => change(workerId, undefined),
    close: write,
  };
}
