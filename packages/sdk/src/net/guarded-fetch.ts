import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type AddressRules, createAddressRules } from './address-rules.ts';
import { hostPort } from './host-port.ts';
import { readLosslessly } from './lossless-body.ts';

/** What was wrong with a URL or its answer; it names no address that a name led to. */
export type GuardCode =
  /** No http(s) URL, or it carries credentials. */
  | 'URL_INVALID'
  /** Not on the public internet, not a host or port that is open, or a redirect to one. */
  | 'URL_NOT_ALLOWED'
  | 'TOO_MANY_REDIRECTS'
  | 'TOO_LARGE'
  | 'TOO_SLOW'
  /** Compressed, though that was not asked for: its size would not be known. */
  | 'ENCODED'
  /** Answered with another status than 200, or not at all (`downloadFile` only). */
  | 'BAD_STATUS'
  | 'UNREACHABLE';

/** The URL may not be fetched, or its answer is not one that may be read. The message is a sentence for the user. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: GuardCode;

  constructor(code: GuardCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
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
  /** Longest time in which nothing comes (default: none but that of the whole exchange). */
  readonly idleTimeoutMs?: number;
  /** Ports that may be called (default: all). */
  readonly ports?: readonly number[];
  /** Host names that may be called, `*.example.com` for all below one (default: all). */
  readonly hosts?: readonly string[];
  /** Refuses a compressed answer (default false: it is given as it came). */
  readonly refuseEncoded?: boolean;
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
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const { response, ...answer } = await follow(url, options, signal);
  try {
    return { ...answer, body: await readBody(response, options) };
  } catch (error) {
    response.destroy();
    throw reasonOf(signal, error, options);
  }
}

/** For answers of any size: the body is read as it comes, and nothing but `idleTimeoutMs` and `signal` bounds its time. */
export type GuardedOpenOptions = Omit<GuardedFetchOptions, 'maxBytes' | 'timeoutMs' | 'refuseEncoded'>;

export interface GuardedStream extends Omit<GuardedResponse, 'body'> {
  /** Rejects like `guardedFetch` when the connection is cut. Whoever stops reading before its end closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection of an answer that is not read. */
  close(): void;
}

/** `guardedFetch` for what does not fit into memory. */
export async function guardedOpen(url: string, options: GuardedOpenOptions = {}): Promise<GuardedStream> {
  const { response, ...answer } = await follow(url, options, options.signal);
  return { ...answer, body: stream(readLosslessly(response), options), close: () => response.destroy() };
}

async function* stream(
  chunks: AsyncIterable<Uint8Array>,
  options: GuardedOpenOptions,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw reasonOf(options.signal, error, options);
  }
}

interface Answer extends Omit<GuardedResponse, 'body'> {
  readonly response: IncomingMessage;
}

async function follow(
  url: string,
  options: GuardedFetchOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const rules = options.rules ?? createAddressRules();
  let headers = options.headers ?? {};
  let target = parseUrl(url);
  for (let redirects = 0; ; redirects += 1) {
    checkTarget(target, options);
    const response = await exchange(target, { ...options, headers }, rules, signal);
    const { statusCode: status = 0 } = response;
    const { location } = response.headers;
    const isRedirect = status >= 300 && status < 400 && typeof location === 'string';
    if (!isRedirect || (options.maxRedirects ?? 0) === 0)
      return { response, status, headers: response.headers, url: target.href };
    response.destroy();
    if (redirects >= (options.maxRedirects ?? 0))
      throw new GuardError('TOO_MANY_REDIRECTS', `${target.origin} redirects too often`);
    const next = parseUrl(URL.parse(location, target.href)?.href ?? '');
    if (target.protocol === 'https:' && next.protocol === 'http:')
      throw new GuardError('URL_NOT_ALLOWED', `${target.origin} redirects from https to http`);
    if (next.origin !== target.origin) headers = withoutSecrets(headers);
    target = next;
  }
}

/** What proves who calls is meant for the host that was called, and for no other that it names. */
function withoutSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['authorization', 'cookie'].includes(name.toLowerCase())),
  );
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new GuardError('URL_INVALID', 'expected a URL that begins with http:// or https://');
  }
  if (url.username !== '' || url.password !== '')
    throw new GuardError('URL_INVALID', 'the URL may not carry a user name or password');
  return url;
}

const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);

function checkTarget(url: URL, { ports, hosts }: GuardedFetchOptions): void {
  if (ports && !ports.includes(portOf(url)))
    throw new GuardError('URL_NOT_ALLOWED', `port ${portOf(url)} is not open; open are ${ports.join(', ')}`);
  if (hosts && !hosts.some((pattern) => isHost(url.hostname, pattern)))
    throw new GuardError('URL_NOT_ALLOWED', `${url.hostname} is not among the hosts that may be called`);
}

/** A name that ends with a dot is the same name. */
function isHost(hostname: string, pattern: string): boolean {
  const [name, wanted] = [hostname.replace(/\.$/, ''), pattern.toLowerCase()];
  return wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) : name === wanted;
}

function exchange(
  url: URL,
  options: GuardedFetchOptions,
  rules: AddressRules,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = portOf(url);
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
      ...(signal ? { signal } : {}),
    });
    const { idleTimeoutMs } = options;
    let response: IncomingMessage | undefined;
    if (idleTimeoutMs !== undefined)
      call.setTimeout(idleTimeoutMs, () => {
        const error = new GuardError('TOO_SLOW', `nothing came for ${idleTimeoutMs / 1000} s`);
        // Of what ends an answer while its body comes, the answer alone tells.
        response?.destroy(error);
        call.destroy(error);
      });
    call.on('error', (error) => reject(reasonOf(signal, error, options)));
    call.once('response', (answer) => {
      response = answer;
      // Nobody may be reading when it ends; who reads gets the same error.
      answer.on('error', () => {});
      resolve(answer);
    });
    call.end(options.body);
  });
}

/** A caller's own abort is passed on; ours is the time that is over. */
function reasonOf(signal: AbortSignal | undefined, error: unknown, options: GuardedFetchOptions): unknown {
  if (!signal?.aborted) return error;
  if (options.signal?.aborted) return options.signal.reason;
  const seconds = (options.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 1000;
  return new GuardError('TOO_SLOW', `the answer took longer than ${seconds} s`, { cause: signal.reason });
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
    'URL_NOT_ALLOWED',
    `${hostPort(host, port)} is not on the public internet; the operator can open it with allowPrivateUrls`,
  );
}

async function readBody(response: IncomingMessage, options: GuardedFetchOptions): Promise<Uint8Array> {
  const { maxBytes = DEFAULT_MAX_BYTES, method } = options;
  const { 'content-length': length, 'content-encoding': encoding = 'identity' } = response.headers;
  if (options.refuseEncoded && encoding.trim() !== '' && encoding !== 'identity')
    throw new GuardError('ENCODED', 'the answer is compressed, which was not asked for');
  if (method !== 'HEAD' && length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (maxBytes: number) =>
  new GuardError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`);
