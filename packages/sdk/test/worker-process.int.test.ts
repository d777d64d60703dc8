import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startWorker } from '@spillway/sdk/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWorkerServer, type WorkerServer } from './worker-server.ts';

// A worker as a process of its own: real signals, real exit codes, a real end of its connections.

let server: WorkerServer;
let child: ChildProcess | undefined;

beforeEach(async () => {
  server = await startWorkerServer();
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await server.close();
});

function spawnWorker(env: Record<string, string> = {}) {
  const path = fileURLToPath(new URL('fixtures/gated-worker.ts', import.meta.url));
  const started = spawn(process.execPath, [path], {
    env: { PATH: process.env.PATH ?? '', ...server.env(), TEST_ORIGIN: server.origin, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  let stdout = '';
  started.stdout.on('data', (part: Buffer) => {
    stdout += part.toString();
  });
  const exit = once(started, 'close').then(([code, signal]) => ({
    code,
    signal,
    lines: stdout.trim().split('\n'),
  }));
  return { started, exit };
}

const hasBegun = (jobId: string) => server.waitFor('job-done', ({ job }) => job === jobId);

test('SIGTERM lets the running job finish and deliver, then the process ends with 0', async () => {
  const { started, exit } = spawnWorker({ TEST_CONCURRENCY: '2' });
  server.offer({ id: 'j1', input: {} });
  await hasBegun('j1');
  await server.waitForPolls('job-take', 1);
  started.kill('SIGTERM');
  await server.waitForPolls('job-take', 0);
  server.offer({ id: 'never', input: {} });
  server.trouble('job-done', 503);
  server.openGate('j1');
  const { code, signal, lines } = await exit;
  expect([code, signal]).toEqual([0, null]);
  expect((await server.waitForDone('j1')).body).toEqual({ output: { pid: started.pid } });
  expect(server.seen.some(({ job }) => job === 'never')).toBe(false);
  for (const line of lines) {
    expect(Object.keys(JSON.parse(line))).toEqual(['requestId', 'message', 'level']);
    expect(line).not.toContain('worker-key');
  }
});

test('a worker whose log nobody reads any more works on', async () => {
  const { started } = spawnWorker();
  await server.waitForPolls('job-take', 1);
  started.stdout.destroy();
  // Between the two jobs it says that it could get none, and then that it can again.
  server.trouble('job-take', 500, 500);
  for (const id of ['j1', 'j2']) {
    server.offer({ id, input: {} });
    await hasBegun(id);
    server.openGate(id);
    await server.waitForDone(id);
  }
  expect(started.exitCode).toBeNull();
});

test('a second signal ends the process at once, as its number says', async () => {
  const { started, exit } = spawnWorker();
  server.offer({ id: 'j1', input: {} });
  await hasBegun('j1');
  started.kill('SIGINT');
  await server.waitFor('ping', ({ query }) => query.get('stopping') === '1');
  started.kill('SIGINT');
  expect(await exit).toMatchObject({ code: 130, signal: null });
});

test('a worker waits for a server that went away, and works for the one that comes back', async () => {
  const { started } = spawnWorker();
  await server.waitForPolls('job-take', 1);
  const port = Number(new URL(server.origin).port);
  await server.close();

  const takes: ServerResponse[] = [];
  const done = Promise.withResolvers<string>();
  const successor = createServer((request, response) => {
    if (request.url?.includes('/job-take/') && takes.length === 0) {
      takes.push(response.writeHead(200, { 'content-type': 'application/json' }));
      response.end('{"id":"after","input":{}}');
    } else if (request.url?.includes('/job-done/')) {
      done.resolve(request.url);
      response.end();
    } else if (!request.url?.includes('/job-')) response.end();
  });
  await new Promise<void>((resolve) => successor.listen(port, '127.0.0.1', resolve));
  expect(await done.promise).toContain('/job-done/w1/after?');
  started.kill('SIGKILL');
  await once(started, 'close');
  successor.closeAllConnections();
  successor.close();
});

test('a job that is on its way when SIGTERM comes is not lost', async () => {
  const head = Promise.withResolvers<void>();
  const rest = Promise.withResolvers<void>();
  const done = Promise.withResolvers<unknown>();
  const slow = createServer(async (request, response) => {
    if (request.url?.includes('/job-take/')) {
      response.write('{"id":"last",');
      await rest.promise;
      response.end('"input":{"n":1}}');
      return;
    }
    let body = '';
    for await (const part of request) body += part;
    if (request.url?.includes('/job-done/')) done.resolve(JSON.parse(body));
    response.end();
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/v2/e`;

  let terminate: () => void = () => {};
  const worker = startWorker(
    { handler: (job) => job.input.n },
    {
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (String(url).includes('/job-take/')) head.resolve();
        return response;
      },
      host: {
        env: {
          RUNPOD_WEBHOOK_GET_JOB: `${base}/job-take/$ID?gpu=cpu`,
          RUNPOD_WEBHOOK_POST_OUTPUT: `${base}/job-done/$RUNPOD_POD_ID/$ID?gpu=cpu`,
        },
        args: [],
        readFile: async () => undefined,
        writeOut: () => {},
        writeError: () => {},
        onSignal(listener) {
          terminate = () => listener('SIGTERM');
          return () => {};
        },
        exit: () => {},
      },
    },
  );
  await head.promise;
  await new Promise((resolve) => setImmediate(resolve));
  terminate();
  rest.resolve();
  expect(await worker).toBe(0);
  expect(await done.promise).toEqual({ output: 1 });
  slow.closeAllConnections();
  slow.close();
});
