import { GuardError, type GuardedFetchOptions, guardedFetch } from './guarded-fetch.ts';

/** Fetches a file that a user's URL names, whole and within limits. What it is, its first bytes must tell. */
export type DownloadOptions = Pick<
  GuardedFetchOptions,
  | 'rules'
  | 'ports'
  | 'hosts'
  | 'maxBytes'
  | 'timeoutMs'
  | 'idleTimeoutMs'
  | 'maxRedirects'
  | 'signal'
  | 'lookup'
>;

const MAX_BYTES = 10_000_000;
const TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;

/**
 * Limits: 10 MB, 30 s in all, 10 s in which nothing comes, 3 redirects. Rejects with a GuardError whose sentence names
 * no address that a name led to, or with the reason of the caller's own abort.
 */
export async function downloadFile(url: string, options: DownloadOptions = {}): Promise<Uint8Array> {
  const limits = {
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    maxRedirects: MAX_REDIRECTS,
  };
  const headers = { accept: '*/*', 'accept-encoding': 'identity' };
  const response = await guardedFetch(url, { ...limits, ...options, headers, refuseEncoded: true }).catch(
    (error: unknown) => {
      if (error instanceof GuardError || options.signal?.aborted) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new GuardError('UNREACHABLE', `the URL could not be fetched: ${describe(code)}`, {
        cause: error,
      });
    },
  );
  if (response.status === 200) return response.body;
  throw new GuardError('BAD_STATUS', `the URL answered ${response.status} instead of 200`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its host name could not be looked up just now',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'its host does not answer',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
};

const describe = (code: string | undefined): string =>
  REASONS[code ?? ''] ??
  (/CERT|TLS|SSL/.test(code ?? '') ? 'its certificate is not good' : 'the exchange failed');
