/**
 * Remembers signatures that were used, each for as long as it would be accepted: a signature counts once. Bounded, and
 * full it refuses instead of forgetting, since what it forgets could be used again.
 */
export interface ReplayGuard {
  /**
   * Uses a signature. `holder` is what it is used for, a job's id say: a second use for the same one is no replay, as
   * when a job is delivered again. `until`: epoch milliseconds.
   */
  claim(signature: string, holder: string | undefined, until: number): 'new' | 'same' | 'replayed' | 'full';
  /** Forgets a use that came to nothing, so that its caller may try again. */
  release(signature: string): void;
  readonly size: number;
}

export interface ReplayGuardOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Signatures kept at most (default 100 000, some 20 MB). */
  readonly capacity?: number;
}

const CAPACITY = 100_000;
const BETWEEN_SWEEPS_MS = 1_000;

export function createReplayGuard({ now, capacity = CAPACITY }: ReplayGuardOptions): ReplayGuard {
  const used = new Map<string, { readonly until: number; readonly holder: string | undefined }>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  function sweep(): void {
    const time = now();
    if (Math.abs(time - sweptAt) < BETWEEN_SWEEPS_MS) return;
    sweptAt = time;
    for (const [signature, { until }] of used) if (until < time) used.delete(signature);
  }

  return {
    claim(signature, holder, until) {
      const before = used.get(signature);
      // One whose time is over is not asked about: the verifier refuses it as expired.
      if (before) return holder !== undefined && before.holder === holder ? 'same' : 'replayed';
      sweep();
      if (used.size >= capacity) return 'full';
      used.set(signature, { until, holder });
      return 'new';
    },
    release: (signature) => void used.delete(signature),
    get size() {
      return used.size;
    },
  };
}
