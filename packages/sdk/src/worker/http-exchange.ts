import { type AgentOptions, globalAgent, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** One request and its whole answer. Time, keys and what an answer means are `gateway-link.ts`'s. */
export interface Exchange {
  /** Rejects when no whole answer came; `describeNetworkError` knows the reason. */
  readonly reply: Promise<ExchangeReply>;
  /** Gives up; `reply` rejects unless it is there. */
  cut(): void;
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Called when an answer has begun, and never before `StartExchange` returned. */
  onHead(): void;
}

export interface ExchangeReply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export type StartExchange = (request: ExchangeRequest) => Exchange;

/** A connection that rests longer is not used again, since the server may be about to close it. */
const IDLE_CONNECTION_MS = 4_000;

/**
 * Over kept connections of Node's own HTTP client: a third of what `fetch` costs, which was most of a short job's time.
 * What comes rarely and has rules of its own, a redirect, is handed to `fetch`.
 */
export function createHttpExchange(): StartExchange {
  const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS, ...proxyOptions() };
  const [agent, tlsAgent] = [new HttpAgent(options), new HttpsAgent(options)];
  const viaFetch = createFetchExchange(fetch);

  return (request) => {
    const { promise: reply, resolve, reject } = Promise.withResolvers<ExchangeReply>();
    const { protocol, hostname, port, pathname, search } = new URL(request.url);
    const isTls = protocol === 'https:';
    const call = (isTls ? httpsRequest : httpRequest)({
      method: request.method,
      protocol,
      hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
      port,
      path: pathname + search,
      headers: request.headers,
      agent: isTls ? tlsAgent : agent,
    });
    let cut: () => void = () => call.destroy();
    const fail = (cause?: Error) => reject(new Error('the connection was closed', { cause }));
    call.on('error', fail);
    call.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      if (status >= 300 && status < 400 && headers.location !== undefined) {
        call.off('error', fail).on('error', () => {});
        response.resume();
        const followed = viaFetch(request);
        ({ cut } = followed);
        followed.reply.then(resolve, reject);
        return;
      }
      request.onHead();
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)).toString();
        resolve({ status, retryAfter: headers['retry-after'], text });
      });
      response.on('error', fail);
      response.on('close', () => {
        // An error costs its stack, so none is made for an answer that is whole.
        if (!response.complete) fail();
      });
    });
    call.end(request.body);
    return { reply, cut: () => cut() };
  };
}

/** The proxy that Node was told to use (`NODE_USE_ENV_PROXY`), which an agent of one's own has to be told again. */
function proxyOptions(): AgentOptions {
  const { proxyEnv } = (globalAgent as HttpAgent & { options: AgentOptions }).options;
  return proxyEnv === undefined ? {} : { proxyEnv };
}

/** Over a `fetch`. */
export function createFetchExchange(fetch: typeof globalThis.fetch): StartExchange {
  return (request) => {
    const { method, url, headers, body } = request;
    const controller = new AbortController();
    const { signal } = controller;
    async function exchange(): Promise<ExchangeReply> {
      const response = await fetch(url, { method, headers, signal, ...(body === undefined ? {} : { body }) });
      request.onHead();
      const text = await response.text();
      return { status: response.status, retryAfter: response.headers.get('retry-after') ?? undefined, text };
    }
    return { reply: exchange(), cut: () => controller.abort() };
  };
}
