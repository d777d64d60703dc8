import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { workerEnvironment } from '@spillway/protocol';

/**
 * The worker side of RunPod's protocol, as small as it can be: jobs are offered, reports are recorded, and any route
 * can be told to misbehave. Tests wait for requests, never for time.
 */
export interface WorkerServer {
  readonly origin: string;
  readonly seen: readonly Seen[];
  env(workerId?: string): Record<string, string>;
  offer(...jobs: Record<string, unknown>[]): void;
  stopJob(jobId: string): void;
  /** What becomes of the next requests of the route, one each. */
  trouble(route: Route, ...troubles: Trouble[]): void;
  /** Resolves with the first request, seen or to come, that fits. */
  waitFor(route: Route, fits?: (seen: Seen) => boolean): Promise<Seen>;
  /** The final report of a job, once it came and was answered well. */
  waitForDone(jobId: string): Promise<{ seen: Seen; body: Record<string, unknown> }>;
  /** Resolves once so many polls of the route are held open. */
  waitForPolls(route: PollRoute, count: number): Promise<void>;
  /** Lets requests to `/v2/e/gate/<name>`, which handlers make, through. */
  openGate(name: string): void;
  close(): Promise<void>;
}

export type PollRoute = 'job-take' | 'job-take-batch' | 'job-stop';
export type Route = PollRoute | 'job-stream' | 'job-done' | 'ping' | 'gate';

/** A status in place of an answer, a cut connection, or a wait before the usual answer. */
export type Trouble = number | 'drop' | Promise<void>;

export interface Seen {
  readonly route: Route;
  readonly method: string;
  readonly worker: string;
  readonly job: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  /** How it was answered so far. */
  answer: number | 'dropped' | 'open';
}

export async function startWorkerServer(): Promise<WorkerServer> {
  const watch = createWatch();
  const seen: Seen[] = [];
  const polls = createPolls(watch);
  const gates = createGates();
  const troubles = new Map<string, Trouble[]>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = await readRequest(request);
    seen.push(record);
    watch.notify();
    const answer = (status: number, body?: unknown) => {
      record.answer = status;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
      watch.notify();
    };
    const trouble = troubles.get(record.route)?.shift();
    if (trouble === 'drop') {
      record.answer = 'dropped';
      request.socket.destroy();
    } else if (typeof trouble === 'number') {
      answer(trouble, { detail: 'trouble' });
    } else {
      await trouble;
      if (record.route === 'gate') gates.pass(record.worker, () => answer(200));
      else if (isPoll(record.route)) polls.hold(record, record.route, response, answer);
      else answer(200);
    }
    watch.notify();
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    seen,
    env: (workerId = 'w1') => environmentOf(origin, workerId),
    offer: polls.offer,
    stopJob: polls.stopJob,
    openGate: gates.open,
    trouble: (route, ...list) => void troubles.set(route, [...(troubles.get(route) ?? []), ...list]),
    waitFor: (route, fits = () => true) =>
      watch.until(() => seen.find((request) => request.route === route && fits(request))),
    waitForDone: (jobId) =>
      watch.until(() => {
        const found = seen.find((request) => request.job === jobId && isFinalReport(request));
        return found && { seen: found, body: found.body as Record<string, unknown> };
      }),
    async waitForPolls(route, count) {
      await watch.until(() => (polls.count(route) === count ? true : undefined));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Watch {
  notify(): void;
  until<T>(find: () => T | undefined): Promise<T>;
}

function createWatch(): Watch {
  const watchers = new Set<() => void>();
  return {
    notify() {
      for (const watcher of [...watchers]) watcher();
    },
    until: (find) =>
      new Promise((resolve) => {
        const watcher = () => {
          const found = find();
          if (found === undefined) return;
          watchers.delete(watcher);
          resolve(found);
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}

type Answer = (status: number, body?: unknown) => void;

/** Long polls that are held until there is something to say. */
function createPolls(watch: Watch) {
  const held = new Set<{ route: PollRoute; size: number; answer: Answer }>();
  const queue: Record<string, unknown>[] = [];
  const toStop: string[] = [];

  function serve(): void {
    for (const poll of [...held]) {
      if (poll.route === 'job-stop') {
        if (toStop.length > 0) poll.answer(200, { jobsToStop: toStop.splice(0) });
      } else if (queue.length > 0) {
        const jobs = queue.splice(0, poll.size);
        poll.answer(200, poll.route === 'job-take' ? jobs[0] : jobs);
      }
    }
  }

  return {
    count: (route: PollRoute) => [...held].filter((poll) => poll.route === route).length,
    offer(...jobs: Record<string, unknown>[]) {
      queue.push(...jobs);
      serve();
    },
    stopJob(jobId: string) {
      toStop.push(jobId);
      serve();
    },
    hold(record: Seen, route: PollRoute, response: ServerResponse, answer: Answer) {
      const poll = {
        route,
        size: Number(record.query.get('batch_size') ?? 1),
        answer: (status: number, body?: unknown) => {
          held.delete(poll);
          answer(status, body);
        },
      };
      held.add(poll);
      response.on('close', () => {
        held.delete(poll);
        watch.notify();
      });
      serve();
    },
  };
}

function createGates() {
  const open = new Set<string>();
  const waiting = new Map<string, () => void>();
  return {
    pass(name: string, answer: () => void) {
      if (open.has(name)) answer();
      else waiting.set(name, answer);
    },
    open(name: string) {
      open.add(name);
      waiting.get(name)?.();
    },
  };
}

function isPoll(route: Route): route is PollRoute {
  return route === 'job-take' || route === 'job-take-batch' || route === 'job-stop';
}

function isFinalReport(request: Seen): boolean {
  const isProgress = (request.body as { status?: string } | undefined)?.status === 'IN_PROGRESS';
  return request.route === 'job-done' && request.answer === 200 && !isProgress;
}

async function readRequest(request: IncomingMessage): Promise<Seen> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://local');
  const [, , , route = '', worker = '', job = ''] = url.pathname.split('/');
  return {
    route: route as Route,
    method: request.method ?? '',
    worker,
    job,
    query: url.searchParams,
    headers: request.headers,
    body: text === '' ? undefined : JSON.parse(text),
    answer: 'open',
  };
}

function environmentOf(origin: string, workerId: string): Record<string, string> {
  return workerEnvironment({
    origin,
    endpoint: 'e',
    workerId,
    key: 'worker-key',
    hostname: 'box',
    gpu: 'cpu',
    pingIntervalMs: 10_000,
  });
}
