import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { workerEnvironment } from '@spillway/protocol';
import type { WorkerOptions } from '@spillway/sdk/worker';
import { afterEach, expect, test } from 'vitest';
import { type InProcessWorker, startInProcessWorker } from './in-process-worker.ts';

// What a worker does with its connections: they are kept, and break; answers come in pieces, from elsewhere, by proxy.

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

let worker: InProcessWorker | undefined;
let child: ChildProcess | undefined;
const servers: Server[] = [];

afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  if (child) {
    child.kill('SIGKILL');
    await once(child, 'close');
    child = undefined;
  }
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(respond: Respond): Promise<string> {
  const server = createServer(respond);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request) text += String(part);
  return text;
}

/** A server whose takes and reports are answered by hand; other calls are answered, further takes are held. */
async function startServer(hands: { takes: Respond[]; dones?: Respond[] }) {
  const reports: { job: string; body: string; socket: unknown }[] = [];
  const { takes, dones = [] } = hands;
  let heard: () => void = () => {};
  async function record(request: IncomingMessage, response: ServerResponse, job: string): Promise<void> {
    reports.push({ job, body: await readText(request), socket: request.socket });
    response.end('{}');
    heard();
  }

  const origin = await listen((request, response) => {
    const [route = '', , job = ''] = (request.url ?? '').split(/[/?]/).slice(3);
    if (route.startsWith('job-take')) takes.shift()?.(request, response);
    else if (route === 'ping') response.end();
    else if (route === 'job-done' && dones.length > 0) dones.shift()?.(request, response);
    else if (route === 'job-done') void record(request, response, job);
  });
  async function reported(count: number) {
    while (reports.length < count) await new Promise<void>((resolve) => (heard = resolve));
    return reports;
  }
  return { origin, reported };
}

const environmentOf = (origin: string) =>
  workerEnvironment({
    origin,
    endpoint: 'e',
    workerId: 'w1',
    key: 'worker-key',
    hostname: 'box',
    gpu: 'cpu',
    pingIntervalMs: 10_000,
  });

function start(origin: string, options: WorkerOptions): void {
  worker = startInProcessWorker({ env: () => environmentOf(origin) }, options);
}

const jobs =
  (...ids: string[]): Respond =>
  (_request, response) =>
    void response.end(JSON.stringify(ids.map((id) => ({ id, input: {} }))));

test('connections are kept: forty jobs go over a few of them', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `j${index}`);
  const { origin, reported } = await startServer({ takes: ids.map((id) => jobs(id)) });
  start(origin, { concurrency: 4, handler: (job) => job.id });
  const sockets = new Set((await reported(40)).map(({ socket }) => socket));
  // Two reports a place at most, and the two polls and the heartbeat, of which each may leave its connection to a report.
  expect(sockets.size).toBeLessThanOrEqual(11);
});

test('an output of 30 MB arrives whole', async () => {
  const { origin, reported } = await startServer({ takes: [jobs('large')] });
  start(origin, { handler: () => 'ä'.repeat(15_000_000) });
  const [report] = await reported(1);
  expect(JSON.parse(report?.body ?? '').output.length).toBe(15_000_000);
});

test('a job that comes in pieces is read as it was written', async () => {
  const text = Buffer.from('{"id":"j1","input":{"name":"Zoë €"}}');
  const cuts = [text.indexOf('ë') + 1, text.indexOf('€') + 2, text.length];
  const take: Respond = async (_request, response) => {
    let from = 0;
    for (const to of cuts) {
      await new Promise<void>((resolve) => response.write(text.subarray(from, to), () => resolve()));
      await new Promise<void>((resolve) => setImmediate(resolve));
      from = to;
    }
    response.end();
  };
  const { origin, reported } = await startServer({ takes: [take] });
  start(origin, { handler: (job) => job.input.name });
  expect((await reported(1))[0]?.body).toBe('{"output":"Zoë €"}');
});

test('an answer that breaks off is no job; the next one is taken', async () => {
  const broken: Respond = (_request, response) => {
    response.writeHead(200, { 'content-length': 1_000 });
    response.write('{"id":"half","input":{}}', () => response.destroy());
  };
  const { origin, reported } = await startServer({ takes: [broken, jobs('whole')] });
  start(origin, { handler: (job) => job.id });
  expect((await reported(1))[0]?.job).toBe('whole');
});

test('a server that refuses a large result before it has read it is understood', async () => {
  const refuse: Respond = (request, response) => {
    response.writeHead(413, { connection: 'close' }).end('{"detail":"over the limit"}');
    request.resume();
  };
  const { origin, reported } = await startServer({ takes: [jobs('large')], dones: [refuse] });
  start(origin, { handler: () => 'x'.repeat(20_000_000) });
  const [report] = await reported(1);
  expect(JSON.parse(report?.body ?? '').error).toContain('(HTTP 413: over the limit)');
});

test('a server that moved is followed, for jobs and for results', async () => {
  const { origin, reported } = await startServer({ takes: [jobs('j1')] });
  const old = await listen((request, response) => {
    request.resume();
    response.writeHead(307, { location: `${origin}${request.url}` }).end();
  });
  start(old, { handler: () => 'from afar' });
  expect((await reported(1))[0]?.body).toBe('{"output":"from afar"}');
});

test('a worker on this Node’s proxy setting reaches its server through the proxy', async () => {
  const { origin, reported } = await startServer({ takes: [jobs('j1')] });
  const asked: string[] = [];
  const proxy = await listen((request, response) => {
    const { pathname, search, host } = new URL(request.url ?? '');
    asked.push(host);
    const { method, headers } = request;
    const onward = sendRequest(`${origin}${pathname}${search}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  child = spawn(process.execPath, [fileURLToPath(new URL('fixtures/echo-worker.ts', import.meta.url))], {
    env: {
      PATH: process.env.PATH ?? '',
      ...environmentOf('http://gateway.invalid'),
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxy,
    },
    stdio: 'ignore',
  });
  expect((await reported(1))[0]?.body).toBe('{"output":{}}');
  expect(new Set(asked)).toEqual(new Set(['gateway.invalid']));
});
