import { randomBytes } from 'node:crypto';
import { hmacHex, imageTextV0, jobTextV0, type SignedRequest, textTextV0, textV1 } from './signed-text.ts';

/** What a caller puts under `auth`. */
export interface AuthV0 {
  /** Seconds since 1970. */
  readonly ts: number;
  readonly sig: string;
}

export interface AuthV1 extends AuthV0 {
  readonly v: 1;
  readonly nonce: string;
}

export interface SignOptions {
  readonly secret: string;
  /** Seconds since 1970 (default: now). */
  readonly ts?: number | undefined;
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** `auth` of a job with `image_url`, as existing workers want it. */
export function signImageUrlV0(imageUrl: string, { secret, ts = nowSeconds() }: SignOptions): AuthV0 {
  return { ts, sig: hmacHex(secret, jobTextV0(imageUrl, ts)) };
}

/** `auth` of the HTTP form with `image_url`. */
export function signHttpImageV0(path: string, imageUrl: string, options: SignOptions): AuthV0 {
  const { secret, ts = nowSeconds() } = options;
  return { ts, sig: hmacHex(secret, imageTextV0(path, imageUrl, ts)) };
}

/** `auth` of the HTTP form with `text`. */
export function signHttpTextV0(path: string, text: string, options: SignOptions): AuthV0 {
  const { secret, ts = nowSeconds() } = options;
  return { ts, sig: hmacHex(secret, textTextV0(path, text, ts)) };
}

/** `auth` of version 1. `nonce`: 16 to 128 of `A-Z a-z 0-9 _ -`, never used twice (default: 128 random bits). */
export function signV1(
  request: SignedRequest,
  {
    secret,
    ts = nowSeconds(),
    nonce = randomBytes(16).toString('base64url'),
  }: SignOptions & { nonce?: string },
): AuthV1 {
  return { v: 1, ts, nonce, sig: hmacHex(secret, textV1(request, ts, nonce)) };
}

/** `auth` of version 1 for a job of an endpoint. */
export function signJob(
  endpoint: string,
  input: Readonly<Record<string, unknown>>,
  options: SignOptions & { nonce?: string },
): AuthV1 {
  return signV1({ method: 'JOB', path: endpoint, body: input }, options);
}
