import { createReplayGuard, signJob, signUnusedSecond } from '@spillway/sdk/signing';
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
 * Signs what goes to workers, in the version that its caller signed.
 */
export function createFreshSignatures({ wallTime, newNonce }: FreshSignaturesOptions): FreshSignatures {
  const given = createReplayGuard({ now: wallTime });

  return {
    sign(endpoint, { secrets, windowSeconds }, { value }, version) {
      const [secret] = secrets;
      if (secret === undefined) throw new Error(`no secret to sign jobs of ${endpoint} with`);
      const { image_url: url } = value;
      if (version === 0 && typeof url === 'string')
        return JSON.stringify(signUnusedSecond(url, { secret, windowSeconds, now: wallTime, given }));
      const ts = Math.floor(wallTime() / 1000);
      return JSON.stringify(signJob(endpoint, value, { secret, ts, nonce: newNonce() }));
    },
  };
}
