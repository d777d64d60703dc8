import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What stands in a stored input in place of a signature that was good: a code over the very text, which only this
 * endpoint's secret makes, says that it was verified, and has no time. It is no signature: a submit that carries one is
 * refused as any other without a good one.
 */
export interface Sealed {
  readonly endpoint: string;
  /** The unit's text without `auth`. */
  readonly bare: string;
}

/** Version of the caller's signature, since the worker may know no other. */
export type SignatureVersion = 0 | 1;

const HEX_64 = /^[0-9a-f]{64}$/;

/** JSON to be stored as `auth`. */
export function sealOf(secret: string, sealed: Sealed, version: SignatureVersion): string {
  return JSON.stringify({ v: version, seal: codeOf(secret, sealed, version) });
}

/** The version, where `auth` is a seal by one of the secrets of this very text. */
export function openSeal(
  secrets: readonly string[],
  sealed: Sealed,
  auth: unknown,
): SignatureVersion | undefined {
  if (typeof auth !== 'object' || auth === null) return undefined;
  const { v, seal } = auth as Record<string, unknown>;
  if ((v !== 0 && v !== 1) || typeof seal !== 'string' || !HEX_64.test(seal)) return undefined;
  const given = Buffer.from(seal, 'hex');
  const isGood = secrets.some((secret) =>
    timingSafeEqual(Buffer.from(codeOf(secret, sealed, v), 'hex'), given),
  );
  return isGood ? v : undefined;
}

/** No text of a signature begins like this one and ends like it. */
function codeOf(secret: string, { endpoint, bare }: Sealed, version: SignatureVersion): string {
  const hash = createHash('sha256').update(bare).digest('hex');
  return createHmac('sha256', secret).update(`seal\n${version}\n${endpoint}\n${hash}`).digest('hex');
}
