import { createReplayGuard, signImageUrlV0, signJob } from '@spillway/sdk/signing';
import type { Signing } from '../endpoints/endpoint.ts';
import type { SignatureVersion } from './seal.ts';
import type { SignedUnit } from './signed-input.ts';

export interface FreshSignatures {
  /** `auth` as JSON, good from now on. Throws where there is no secret. */
  sign(endpoint: string, signing: Signing, unit: SignedUnit, version: SignatureVersion): string;
}

export interface FreshSignaturesOptions {
  /** Wall clock, epoch milliseconds. */
  readonly wallTime: () => number;
  /** 16 to 128 of `A-Z a-z 0-9 _ -`, never the same twice. */
  readonly newNonce: () => string;
}

/**
 * Signs what goes to workers, in the version that its caller signed. In version 0 two jobs with the same picture in the
 * same second would have one signature, of which a worker refuses the second: then an earlier second is signed.
 */
export function createFreshSignatures({ wallTime, newNonce }: FreshSignaturesOptions): FreshSignatures {
  const given = createReplayGuard({ now: wallTime });

  function signUrl(url: string, secret: string, windowSeconds: number): string {
    const now = Math.floor(wallTime() / 1000);
    // Half the window is left for the way to the worker, and for clocks that differ.
    const furthest = Math.floor(windowSeconds / 2);
    for (let back = 0; back <= furthest; back += 1) {
      const auth = signImageUrlV0(url, { secret, ts: now - back });
      const isNew = given.claim(auth.sig, undefined, (auth.ts + windowSeconds) * 1000) !== 'replayed';
      if (isNew) return JSON.stringify(auth);
    }
    return JSON.stringify(signImageUrlV0(url, { secret, ts: now }));
  }

  return {
    sign(endpoint, { secrets, windowSeconds }, { value }, version) {
      const [secret] = secrets;
      if (secret === undefined) throw new Error(`no secret to sign jobs of ${endpoint} with`);
      const { image_url: url } = value;
      if (version === 0 && typeof url === 'string') return signUrl(url, secret, windowSeconds);
      const ts = Math.floor(wallTime() / 1000);
      return JSON.stringify(signJob(endpoint, value, { secret, ts, nonce: newNonce() }));
    },
  };
}
