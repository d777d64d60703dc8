import { timingSafeEqual } from 'node:crypto';
import type { ReplayGuard } from './replay-guard.ts';
import { hmacHex, type SignedRequest, textV1 } from './signed-text.ts';

/** Why a signature was refused. For logs: callers are told nothing but that it failed. */
export type RefusalCode =
  /** No secret is set: nothing is accepted. */
  | 'NO_SECRET'
  | 'MISSING'
  | 'MALFORMED'
  /** Version 0 where only version 1 will do. */
  | 'OLD_VERSION'
  | 'EXPIRED'
  | 'FUTURE'
  | 'MISMATCH'
  | 'REPLAYED'
  /** The guard against replays is full: more signatures came than it can remember. */
  | 'TOO_MANY';

/** What every refused caller is told. */
export const AUTHENTICATION_FAILED = 'Authentication failed';

/** What the signature is of. */
export interface Signed {
  /** Texts that a version 0 signature of this time may be of; absent: version 0 does not cover such a request. */
  readonly v0?: ((ts: number) => readonly string[]) | undefined;
  readonly v1: SignedRequest;
  /** What it is used for: the same signature is accepted again for the same one. */
  readonly holder?: string | undefined;
}

export interface Verifier {
  /** Undefined when the signature is good; it is used up then. */
  verify(auth: unknown, signed: Signed): RefusalCode | undefined;
  /** Everything but whether it was used before; it is not used up. */
  check(auth: unknown, signed: Omit<Signed, 'holder'>): GoodSignature | RefusalCode;
}

export interface GoodSignature {
  readonly version: 0 | 1;
  readonly sig: string;
  /** End of the time in which it is accepted, epoch milliseconds. */
  readonly until: number;
}

export interface VerifierOptions {
  /** The current one, and while rotating the one before. */
  readonly secrets: readonly string[];
  /** How far a signature's time may lie from now, in both directions (default 120). */
  readonly windowSeconds?: number;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly replays: ReplayGuard;
  /** Refuses version 0 (default false). */
  readonly onlyV1?: boolean;
}

const WINDOW_SECONDS = 120;
const HEX_64 = /^[0-9a-f]{64}$/;
const NONCE = /^[\w-]{16,128}$/;

export function createVerifier(options: VerifierOptions): Verifier {
  const { now, replays, windowSeconds = WINDOW_SECONDS } = options;
  const secrets = options.secrets.filter((secret) => secret !== '');

  function check(auth: unknown, signed: Omit<Signed, 'holder'>): GoodSignature | RefusalCode {
    if (secrets.length === 0) return 'NO_SECRET';
    if (auth === undefined || auth === null) return 'MISSING';
    const given = parseAuth(auth);
    if (!given) return 'MALFORMED';
    const texts = textsOf(given, signed, options.onlyV1 ?? false);
    if (!texts) return 'OLD_VERSION';
    const age = now() / 1000 - given.ts;
    if (age > windowSeconds) return 'EXPIRED';
    if (age < -windowSeconds) return 'FUTURE';
    if (!isSignedByOne(secrets, texts, given.sig)) return 'MISMATCH';
    const version = given.nonce === undefined ? 0 : 1;
    return { version, sig: given.sig, until: (given.ts + windowSeconds) * 1000 };
  }

  return {
    check,
    verify(auth, signed) {
      const good = check(auth, signed);
      // Whoever can't sign must not fill the guard.
      if (typeof good === 'string') return good;
      const claim = replays.claim(good.sig, signed.holder, good.until);
      if (claim === 'full') return 'TOO_MANY';
      return claim === 'replayed' ? 'REPLAYED' : undefined;
    },
  };
}

interface Given {
  readonly ts: number;
  readonly sig: string;
  /** Of version 1 only. */
  readonly nonce?: string;
}

function parseAuth(auth: unknown): Given | undefined {
  if (typeof auth !== 'object' || auth === null) return undefined;
  const { v, ts, sig, nonce } = auth as Record<string, unknown>;
  if (typeof ts !== 'number' || !Number.isSafeInteger(ts) || typeof sig !== 'string' || !HEX_64.test(sig))
    return undefined;
  if (v === undefined || v === null || v === 0) return { ts, sig };
  return v === 1 && typeof nonce === 'string' && NONCE.test(nonce) ? { ts, sig, nonce } : undefined;
}

function textsOf({ ts, nonce }: Given, { v0, v1 }: Signed, onlyV1: boolean): readonly string[] | undefined {
  if (nonce !== undefined) return [textV1(v1, ts, nonce)];
  return onlyV1 ? undefined : v0?.(ts);
}

/** Compares with all, so that the time tells nothing of which one came close. */
function isSignedByOne(secrets: readonly string[], texts: readonly string[], sig: string): boolean {
  const given = Buffer.from(sig, 'hex');
  let isGood = false;
  for (const secret of secrets)
    for (const text of texts) {
      const expected = Buffer.from(hmacHex(secret, text), 'hex');
      isGood = timingSafeEqual(expected, given) || isGood;
    }
  return isGood;
}
