import type { SignedUrl } from '@spillway/protocol/v1';
import { describeNetworkError } from '../describe-error.ts';
import { ApiError, apiErrorOf } from './api-error.ts';

export type Bytes = Uint8Array<ArrayBuffer> | Blob;

/** Sends bytes where a signed URL says, without any key. Throws `ApiError` where they did not get there. */
export async function putSigned(
  fetch: typeof globalThis.fetch,
  { method, url, headers }: SignedUrl,
  body: Bytes,
  signal: AbortSignal | undefined,
): Promise<void> {
  const response = await fetch(url, { method, headers, body, ...(signal ? { signal } : {}) }).catch(
    (cause: unknown) => {
      signal?.throwIfAborted();
      const detail = `the upload to ${new URL(url).origin} broke off (${describeNetworkError(cause)})`;
      throw new ApiError({ status: 0, code: 'UNREACHABLE', detail, cause });
    },
  );
  const text = await response.text().catch(() => '');
  if (!response.ok) throw apiErrorOf(response.status, text, response.headers.get('retry-after'));
}
