import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type AddressRules, createAddressRules } from './address-rules.ts';

/** The URL may not be fetched, or its answer is not one that may be read. The message is a sentence for the user. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
}

export interface GuardedFetchOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** What is open besides the public internet (default nothing). */
  readonly rules?: AddressRules;
  /** Redirects that are followed, each checked like the first URL (default 0: a redirect is answered as it is). */
  readonly maxRedirects?: number;
  /** Bytes of the answer's body that are read at most; a longer one is an error (default 1 MiB). */
  readonly maxBytes?: number;
  /** For the whole exchange (default 30 s). */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** How names are resolved; for tests. */
  readonly lookup?: typeof systemLookup;
}

export interface GuardedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** The URL that answered, after redirects. */
  readonly url: string;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The one way to call a URL that a user gave. Every address that its name resolves to is checked, and the connection is
 * made to the very address that was checked, so a name that changes its mind between the two gains nothing. Only http
 * and https, no user names in the URL. Rejects with GuardError for what is not allowed, else with the network's error.
 */
export async function guardedFetch(url: string, options: GuardedFetchOptions = {}): Promise<GuardedResponse> {
  const rules = options.rules ?? createAddressRules();
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let target = parseUrl(url);
  for (let redirects = 0; ; redirects += 1) {
    const response = await exchange(target, options, rules, signal);
    const location = response.headers.location;
    const isRedirect = response.status >= 300 && response.status < 400 && typeof location === 'string';
    if (!isRedirect || (options.maxRedirects ?? 0) === 0) return response;
    if (redirects >= (options.maxRedirects ?? 0))
      throw new GuardError(`${target.origin} redirects too often`);
    target = parseUrl(new URL(location, target).href);
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new GuardError('expected a URL that begins with http:// or https://');
  }
  if (url.username !== '' || url.password !== '')
    throw new GuardError('the URL may not carry a user name or password');
  return url;
}

function exchange(
  url: URL,
  options: GuardedFetchOptions,
  rules: AddressRules,
  signal: AbortSignal,
): Promise<GuardedResponse> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  if (isIP(host) !== 0 && !rules.isAllowed(host, host, port)) return Promise.reject(refusal(host, port));
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method: options.method ?? 'GET',
      headers: { ...options.headers },
      // Connections are not shared, since a kept one would skip the check.
      agent: false,
      lookup: (name, lookupOptions, callback) =>
        checkedLookup(name, port, lookupOptions, options.lookup ?? systemLookup, rules, callback),
      signal,
    });
    call.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    call.once('response', (response) => {
      readBody(response, options.maxBytes ?? DEFAULT_MAX_BYTES).then(
        (body) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, url: url.href }),
        reject,
      );
    });
    call.end(options.body);
  });
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Resolves a name and gives only addresses that may be called; one that may not is enough to refuse the name. */
function checkedLookup(
  name: string,
  port: number,
  options: LookupOptions,
  resolve: typeof systemLookup,
  rules: AddressRules,
  callback: LookupCallback,
): void {
  resolve(name, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const closed = addresses.find(({ address }) => !rules.isAllowed(address, name, port));
    const [first] = addresses;
    if (closed || !first) return callback(refusal(name, port), []);
    if (options.all) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
}

function refusal(host: string, port: number): GuardError {
  return new GuardError(
    `${host}:${port} is not on the public internet; the operator can open it with allowPrivateUrls`,
  );
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) {
      response.destroy();
      throw new GuardError(`the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
