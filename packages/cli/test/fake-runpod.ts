import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeAnswer } from './fake-answer.ts';
import { listen } from './fake-hub.ts';
import { createFakeAccount, type FakeAccount, problem } from './fake-runpod-account.ts';

/**
 * RunPod's management API with a key, faults that a test puts in, and the lateness of the real one: what was just made is
 * not shown at once. As a `fetch` for unit tests, and as a server.
 */
export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: unknown;
}

/** `lost`: it does its work, and the answer never arrives. `unheard`: nobody is reached. */
export type Fault =
  | 'lost'
  | 'unheard'
  | (FakeAnswer & { readonly headers?: Readonly<Record<string, string>> });

export interface FakeRunpod {
  readonly account: FakeAccount;
  readonly calls: FakeCall[];
  /** Asked for each call that has the key; undefined lets it through. */
  fault: ((call: FakeCall) => Fault | undefined) | undefined;
  /** How often an endpoint is not shown after it was made. */
  lag: number;
  /** How often a pod is looked at until its container runs. */
  podStarts: number;
  /** What containers of pods have printed. */
  readonly log: string[];
  answer(call: FakeCall): Fault;
}

export const FAKE_KEY = 'rpa_FAKEKEYOFTHETESTS';

export function createFakeRunpod(): FakeRunpod {
  const account = createFakeAccount();
  const unseen = new Map<string, number>();
  const fake: FakeRunpod = {
    ...{ account, calls: [], fault: undefined, lag: 0, podStarts: 2, log: [] },
    answer(call) {
      fake.calls.push(call);
      if (call.authorization !== `Bearer ${FAKE_KEY}`) return problem(401, 'Unauthorized', 'invalid api key');
      const fault = fake.fault?.(call);
      if (fault !== undefined && fault !== 'lost') return fault;
      const before = new Set(account.endpoints.keys());
      const answer =
        call.path === '/graphql'
          ? askGraphql(account, call)
          : account.handle(call.method, call.path, call.body);
      startPod(call);
      for (const id of account.endpoints.keys()) if (!before.has(id)) unseen.set(id, fake.lag);
      return fault ?? late(call, answer);
    },
  };

  /** Each look at a pod brings it nearer to running. */
  function startPod({ method, path }: FakeCall): void {
    const pod = account.pods.get(/^\/v2\/pods\/(\w+)$/.exec(path)?.[1] ?? '');
    if (!pod || method !== 'GET' || !['PROVISIONING', 'STARTING'].includes(String(pod.status))) return;
    const looks = Number(pod.looks ?? 0) + 1;
    Object.assign(pod, { looks, status: looks > fake.podStarts ? 'RUNNING' : 'STARTING' });
  }

  /** Each look at an endpoint brings it nearer to being shown. */
  function late({ method, path }: FakeCall, answer: FakeAnswer): FakeAnswer {
    if (method !== 'GET' || !path.startsWith('/v2/serverless')) return answer;
    const hidden = [...unseen].filter(([, left]) => left > 0).map(([id]) => id);
    for (const id of hidden) unseen.set(id, (unseen.get(id) ?? 0) - 1);
    if (hidden.some((id) => path.endsWith(`/${id}`))) return problem(404, 'Not Found', 'resource not found');
    const { endpoints } = Object(answer.json) as { endpoints?: { id: string }[] };
    return endpoints
      ? { ...answer, json: { endpoints: endpoints.filter(({ id }) => !hidden.includes(id)) } }
      : answer;
  }
  return fake;
}

/** Of the older API only what ends a pod; its errors are told with a 200. */
function askGraphql({ pods }: FakeAccount, { body }: FakeCall): FakeAnswer {
  const { query = '' } = Object(body) as { readonly query?: string };
  const [, id = ''] = /^mutation \{ podTerminate\(input: \{ podId: "(\w+)" \}\) \}$/.exec(query) ?? [];
  if (pods.delete(id)) return { status: 200, json: { data: { podTerminate: null } } };
  return { status: 200, json: { errors: [{ message: 'Pod not found' }] } };
}

/** The log of a pod behind that line, as one connection gives it; undefined for any other path. */
function logAnswer({ account, log }: FakeRunpod, path: string, after: string | undefined) {
  const [, id = ''] = /^\/v2\/pods\/(\w+)\/logs(?:\?|$)/.exec(path) ?? [];
  if (id === '') return undefined;
  if (account.pods.get(id)?.status !== 'RUNNING') {
    return {
      status: 404,
      type: 'application/json',
      text: '{"title":"Not Found","status":404,"detail":"no log"}',
    };
  }
  const from = after === undefined ? 0 : Number(after) + 1;
  const events = log.slice(from).map((line, at) => {
    const data = JSON.stringify({ source: 'container', line, ts: String(from + at) });
    return `id: ${from + at}\ndata: ${data}\n\n`;
  });
  return { status: 200, type: 'text/event-stream', text: `: hello\n\n${events.join('')}` };
}

/** The same without a socket. */
export function fetchOf(fake: FakeRunpod): typeof fetch {
  return async (url, init) => {
    const { pathname, search } = new URL(String(url));
    const headers = new Headers(init?.headers);
    const log = logAnswer(fake, pathname, headers.get('last-event-id') ?? undefined);
    if (log) return new Response(log.text, { status: log.status, headers: { 'content-type': log.type } });
    const answer = fake.answer({
      ...{ method: init?.method ?? 'GET', path: `${pathname}${search}` },
      authorization: headers.get('authorization') ?? '',
      body: typeof init?.body === 'string' ? JSON.parse(init.body) : undefined,
    });
    const code = { lost: 'ECONNRESET', unheard: 'ECONNREFUSED' }[String(answer)];
    if (code !== undefined)
      throw Object.assign(new TypeError('fetch failed'), { cause: { code, message: code } });
    const { status, json, headers: extra } = answer as Exclude<Fault, string>;
    const text = status === 204 ? null : JSON.stringify(json);
    return new Response(text, { status, headers: { 'content-type': 'application/json', ...extra } });
  };
}

export interface RunpodServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveRunpod(fake: FakeRunpod): Promise<RunpodServer> {
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const log = logAnswer(fake, request.url ?? '', request.headers['last-event-id'] as string | undefined);
    if (log) {
      response.writeHead(log.status, { 'content-type': log.type }).end(log.text);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const answer = fake.answer({
      ...{ method: request.method ?? '', path: request.url ?? '' },
      authorization: request.headers.authorization ?? '',
      body: text === '' ? undefined : JSON.parse(text),
    });
    if (typeof answer === 'string') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.status === 204 ? undefined : JSON.stringify(answer.json));
  }
  const server = await listen((request, response) => void respond(request, response));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A clock that never waits; `waits` are the milliseconds that it was asked for. */
export function createInstantClock() {
  const waits: number[] = [];
  let at = 1_700_000_000_000;
  return {
    waits,
    now: () => at,
    async sleep(ms: number) {
      waits.push(ms);
      at += ms;
    },
    timer: () => () => {},
  };
}
