import { createHash, createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * The texts that are signed, and the signature: lower-case hex of HMAC-SHA256, its key being the UTF-8 bytes of the
 * secret as it stands (a secret that looks like hex is not decoded).
 *
 * Version 0 is what existing callers sign. It covers the picture's URL and the time, and nothing else of a request:
 * `normalize`, `request_id` and `model` may be changed by whoever gets hold of it. Version 1 covers the method, the
 * path, the whole body and a nonce.
 */
export function hmacHex(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'utf8').digest('hex');
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Version 0 of a job: the URL exactly as it is sent, and the time in seconds since 1970. */
export const jobTextV0 = (imageUrl: string, ts: number): string => `${imageUrl}|${ts}`;

/** Version 0 of the HTTP form, for a picture. */
export const imageTextV0 = (path: string, imageUrl: string, ts: number): string =>
  `POST|${path}|${imageUrl}|${ts}`;

/** Version 0 of the HTTP form, for a text. */
export const textTextV0 = (path: string, text: string, ts: number): string =>
  `POST|${path}|${sha256Hex(text)}|${ts}`;

/** What version 1 covers. */
export interface SignedRequest {
  /** `JOB` for a job. */
  readonly method: string;
  /** Without the query; the endpoint's name for a job. */
  readonly path: string;
  /** The JSON body of a request, or the input of a job; its key `auth` is left out. */
  readonly body: Readonly<Record<string, unknown>>;
}

export function textV1(request: SignedRequest, ts: number, nonce: string): string {
  const { method, path } = request;
  return `v1\n${method}\n${path}\n${ts}\n${nonce}\n${sha256Hex(canonicalBody(request.body))}`;
}

/** The JSON of a body without `auth`, in the form of RFC 8785: keys sorted, no spaces, numbers as ECMAScript has them. */
export function canonicalBody(body: Readonly<Record<string, unknown>>): string {
  const { auth: _auth, ...rest } = body;
  return canonicalize(rest) ?? '{}';
}
