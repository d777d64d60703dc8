import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkerInstance } from '../worker-instance.ts';
import { type PodAnswer, type PodCall, PodError, type PodRoute } from './pod-route.ts';
import type { PodSettings } from './pod-settings.ts';
import { parseJson, readBody } from './read-body.ts';
import { readForm } from './read-form.ts';
import { runsyncRoute } from './run-handler-call.ts';

/**
 * A worker's own HTTP face. It listens before the models are loaded, so that whoever watches it sees it load: `/health`
 * says so, `/ping` answers as load balancers want it, and what needs the models is answered 503.
 */
export interface PodServerOptions {
  readonly name: string;
  /** As jobs are signed for it (default: the worker's name). */
  readonly endpoint?: string | undefined;
  readonly settings: PodSettings;
  readonly newId: () => string;
  /** Told what went wrong inside, which callers are not told. */
  readonly onError: (error: unknown, callId: string) => void;
  /** Told what a worker's routes say of a call. */
  readonly onLog?: (message: string, callId: string) => void;
  /** Longest time in which nothing of a body comes (default 20 s). */
  readonly bodyIdleMs?: number;
}

export interface PodServer {
  readonly url: string;
  /** The models are loaded. */
  ready(worker: WorkerInstance): void;
  /** Takes no more calls, and resolves when those that run are answered. */
  stop(): Promise<void>;
}

/** Calls at once, and those that wait, for each place of the worker. */
const CALLS_PER_PLACE = 16;
const REQUEST_TIMEOUT_MS = 120_000;
const BODY_IDLE_MS = 20_000;
const RETRY_SOON = { 'retry-after': '1' };

/** @throws the system's error where the address can't be listened on. */
export async function startPodServer(options: PodServerOptions): Promise<PodServer> {
  const face = new PodFace(options);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void face.answer(request, response);
  });
  const { host, port } = options.settings;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    ready: (worker) => face.ready(worker),
    async stop() {
      face.isStopping = true;
      await close(server);
    },
  };
}

function close(server: Server): Promise<void> {
  server.closeIdleConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

class PodFace {
  isStopping = false;
  readonly #options: PodServerOptions;
  readonly #key: Buffer | undefined;
  readonly #startedAt = Date.now();
  #worker: WorkerInstance | undefined;
  #routes: readonly PodRoute[] = [];
  #running = 0;

  constructor(options: PodServerOptions) {
    this.#options = options;
    const { apiKey } = options.settings;
    this.#key = apiKey === undefined ? undefined : digest(apiKey);
  }

  ready(worker: WorkerInstance): void {
    const { name, endpoint = name } = this.#options;
    this.#worker = worker;
    this.#routes = [runsyncRoute(worker, endpoint), ...(worker.routes ?? [])];
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = this.#options.newId();
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new DOMException('The client hung up.', 'AbortError'));
    });
    try {
      send(request, response, await this.#serve(request, id, gone.signal), this.isStopping);
    } catch (error) {
      if (gone.signal.aborted) return;
      send(request, response, this.#refusal(error, id), this.isStopping);
    }
  }

  async #serve(request: IncomingMessage, id: string, signal: AbortSignal): Promise<PodAnswer> {
    const { pathname: path, searchParams: query } = urlOf(request);
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    if (method === 'GET' && path === '/health') return this.#health();
    if (method === 'GET' && path === '/ping') return { status: this.#worker && !this.isStopping ? 200 : 204 };
    this.#admit(request);
    if (method === 'GET' && path === '/info') return this.#info();
    if (this.isStopping)
      throw new PodError(503, 'SHUTTING_DOWN', 'The worker is stopping.', {
        ...RETRY_SOON,
        connection: 'close',
      });
    const worker = this.#worker;
    if (!worker)
      throw new PodError(503, 'LOADING', 'The models are being loaded; try again soon.', RETRY_SOON);
    const route = this.#find(method, path);
    if (this.#running >= worker.concurrency * CALLS_PER_PLACE)
      throw new PodError(503, 'BUSY', 'Too many calls at once; try again soon.', RETRY_SOON);
    this.#running += 1;
    try {
      const body = await this.#read(request, route);
      const call: PodCall = {
        ...{ method, path, query, headers: request.headers, id, signal, ...body },
        hasKey: this.#key !== undefined,
        json: () => parseJson(body.body),
        log: (message) => this.#options.onLog?.(message, id),
      };
      return await route.handle(call);
    } finally {
      this.#running -= 1;
    }
  }

  async #read(
    request: IncomingMessage,
    { form, maxBodyBytes }: PodRoute,
  ): Promise<Pick<PodCall, 'body' | 'form'>> {
    const idleMs = this.#options.bodyIdleMs ?? BODY_IDLE_MS;
    if (!form) return { body: await readBody(request, { maxBytes: maxBodyBytes, idleMs }) };
    return { body: Buffer.alloc(0), form: await readForm(request, form, idleMs) };
  }

  #find(method: string, path: string): PodRoute {
    const rows = this.#routes.filter((route) => route.path === path);
    const route = rows.find((one) => one.method === method);
    if (route) return route;
    if (rows.length === 0) throw new PodError(404, 'NOT_FOUND', `There is no ${path} here.`);
    const allow = [...new Set(rows.map((one) => one.method))].join(', ');
    throw new PodError(405, 'METHOD_NOT_ALLOWED', `${path} takes ${allow}.`, { allow });
  }

  /** Compares digests, so that the time tells nothing of the key. */
  #admit({ headers }: IncomingMessage): void {
    if (!this.#key) return;
    const given = (headers.authorization ?? '').replace(/^bearer\s+/i, '').trim();
    if (timingSafeEqual(digest(given), this.#key)) return;
    throw new PodError(401, 'UNAUTHORIZED', 'This worker wants its API_KEY as `Authorization: Bearer …`.');
  }

  #health(): PodAnswer {
    const { name } = this.#options;
    if (this.isStopping)
      return { status: 503, body: { status: 'stopping', pipeline_loaded: false, worker: name } };
    if (!this.#worker)
      return {
        status: 503,
        body: { status: 'loading', pipeline_loaded: false, worker: name },
        headers: RETRY_SOON,
      };
    return { body: { status: 'healthy', pipeline_loaded: true, worker: name } };
  }

  #info(): PodAnswer {
    const uptimeSeconds = Math.round((Date.now() - this.#startedAt) / 1000);
    const worker = this.#worker;
    if (!worker)
      return {
        body: { worker: this.#options.name, status: 'loading', models: [], running: 0, uptimeSeconds },
      };
    const status = this.isStopping ? 'stopping' : 'ready';
    const { concurrency } = worker;
    return { body: { ...worker.info(), status, concurrency, running: this.#running, uptimeSeconds } };
  }

  #refusal(error: unknown, id: string): PodAnswer {
    if (error instanceof PodError) {
      const { status, code, message, headers } = error;
      // Both kinds of client read it: ours the error, those of FastAPI's services the detail.
      return { status, headers, body: { error: { code, message }, detail: message } };
    }
    this.#options.onError(error, id);
    const message = `The worker failed; its log says why, under ${id}.`;
    return { status: 500, body: { error: { code: 'INTERNAL', message }, detail: message } };
  }
}

/** @throws PodError */
function urlOf({ url = '/' }: IncomingMessage): URL {
  // Two slashes at the front are a path here and no host.
  const parsed = URL.parse(url.startsWith('/') ? `http://pod${url}` : url);
  if (parsed) return parsed;
  throw new PodError(400, 'INPUT_INVALID', 'The path of the call cannot be read.');
}

const DROP_MS = 10_000;

/**
 * What was not read of a request would be taken for the next one. It is read for a moment and thrown away, since many
 * clients read no answer before they have sent all, and a connection that is cut with bytes unread takes the answer with it.
 */
function dropRest(request: IncomingMessage, then: () => void): void {
  request.resume();
  const timer = setTimeout(() => request.destroy(), DROP_MS);
  timer.unref();
  request.once('end', then).once('close', () => {
    clearTimeout(timer);
    then();
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** `isLast`: the server waits for its connections to end. */
function send(request: IncomingMessage, response: ServerResponse, answer: PodAnswer, isLast: boolean): void {
  const { status = 200, body, headers = {} } = answer;
  if (response.destroyed) return;
  const text = body === undefined ? undefined : JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    ...(isLast ? { connection: 'close' } : {}),
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
  });
  if (request.complete) response.end(text);
  else {
    // Whole only with the body's end: with this one's the connection ends where the client wants no other answer.
    if (text !== undefined) response.write(text);
    dropRest(request, () => response.end());
  }
}
