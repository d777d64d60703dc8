import { createHmac, timingSafeEqual } from 'node:crypto';
import { ArtifactError } from './artifact-error.ts';

/**
 * URLs of artifacts on this gateway's own disk: whoever holds one may do what it says until it expires. Method, key and
 * every term are signed (HMAC-SHA256), so that none can be changed, and a URL for reading writes nothing.
 */
export interface SignedTerms {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  /** Whole seconds since the epoch. */
  readonly expires: number;
  /** What is written is exactly so long. */
  readonly size?: number;
  /** What is written is at most so long, in the place of `size`. */
  readonly most?: number;
  readonly type?: string;
  /** Only where there is nothing yet. */
  readonly once?: boolean;
  /** What a browser saves it as. */
  readonly name?: string;
  /** Writes a part of this upload. */
  readonly upload?: string;
  readonly part?: number;
}

export const DATA_PATH = '/v1/artifacts/data/';

const TERMS = ['expires', 'size', 'type', 'once', 'name', 'upload', 'part', 'most'] as const;

/** Path and query. */
export function signUrl(secret: string, terms: SignedTerms): string {
  const query = new URLSearchParams();
  for (const term of TERMS) if (terms[term] !== undefined) query.set(term, String(terms[term]));
  query.set('signature', signatureOf(secret, terms));
  return `${DATA_PATH}${terms.key}?${query}`;
}

export interface SignedCall {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
}

/** The terms that a call was signed for. Throws URL_INVALID or URL_EXPIRED. */
export function readSignedUrl(secret: string, { method, key, query }: SignedCall, now: number): SignedTerms {
  const { expires, size, type, once, name, upload, part, most, signature = '' } = query;
  const terms: SignedTerms = {
    ...{ method, key, expires: Number(expires) },
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(type === undefined ? {} : { type }),
    ...(once === undefined ? {} : { once: true }),
    ...(name === undefined ? {} : { name }),
    ...(upload === undefined ? {} : { upload }),
    ...(part === undefined ? {} : { part: Number(part) }),
    ...(most === undefined ? {} : { most: Number(most) }),
  };
  const expected = Buffer.from(signatureOf(secret, terms));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new ArtifactError(
      'URL_INVALID',
      'this URL is not one that the gateway signed for this; use it as it was given, with the same method',
    );
  }
  if (now >= terms.expires * 1000) {
    throw new ArtifactError('URL_EXPIRED', 'this URL has expired; ask for a fresh one');
  }
  return terms;
}

/** JSON, since within it no value can run into the next; of texts, since there NaN would be null, as what is absent is. */
function signatureOf(secret: string, terms: SignedTerms): string {
  const text = JSON.stringify([
    'spillway-artifact-1',
    terms.method,
    terms.key,
    ...TERMS.map((term) => terms[term]?.toString() ?? null),
  ]);
  return createHmac('sha256', secret).update(text).digest('base64url');
}
