import type { ReplayGuard } from './replay-guard.ts';
import { type AuthV0, signImageUrlV0 } from './sign.ts';

export interface UnusedSecondOptions {
  readonly secret: string;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Remembers what was signed here. */
  readonly given: ReplayGuard;
  /** As the worker has it (default 120). */
  readonly windowSeconds?: number | undefined;
}

const WINDOW_SECONDS = 120;

/**
 * Version 0 of a job with `image_url`. Two for the same picture in the same second would be one signature, which a worker
 * takes once: then an earlier second is signed.
 */
export function signUnusedSecond(imageUrl: string, options: UnusedSecondOptions): AuthV0 {
  const { secret, now, given, windowSeconds = WINDOW_SECONDS } = options;
  const latest = Math.floor(now() / 1000);
  // Half the window is left for the way to the worker, and for clocks that differ.
  const furthest = Math.floor(windowSeconds / 2);
  for (let back = 0; back <= furthest; back += 1) {
    const auth = signImageUrlV0(imageUrl, { secret, ts: latest - back });
    if (given.claim(auth.sig, undefined, (auth.ts + windowSeconds) * 1000) !== 'replayed') return auth;
  }
  return signImageUrlV0(imageUrl, { secret, ts: latest });
}
