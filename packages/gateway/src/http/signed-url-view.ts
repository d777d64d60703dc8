import type { SignedRequest } from '@spillway/artifacts';
import type { SignedUrl } from '@spillway/protocol/v1';
import type { Call } from './route.ts';

/** Paths of our own become addresses: the one that is configured, else the one that this caller used. */
export function toSignedUrl({ parts, reply }: Call, { url, headers, ...rest }: SignedRequest): SignedUrl {
  const origin = parts.publicUrl ?? `http://${reply.request.headers.host}`;
  return { ...rest, url: url.startsWith('/') ? origin + url : url, headers: { ...headers } };
}
