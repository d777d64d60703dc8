import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { workerEnvironment } from '@spillway/protocol';
import { builtInWorkers } from '@spillway/workers';

export interface FirstResultOptions {
  /** Name of a built-in worker. */
  readonly worker: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: Readonly<Record<string, unknown>>;
}

/** `measureOneStart`, several times. */
export async function measureFirstResult(options: FirstResultOptions, times: number): Promise<number[]> {
  const spent: number[] = [];
  for (let start = 0; start < times; start++) spent.push(await measureOneStart(options));
  return spent;
}

/**
 * Milliseconds from starting a worker's process to its first result: a server of a few lines has one job waiting, as a
 * gateway would that starts a worker for it.
 */
export async function measureOneStart({ worker, env, input }: FirstResultOptions): Promise<number> {
  const job = JSON.stringify({ id: 'first', input });
  const done = Promise.withResolvers<void>();
  let isTaken = false;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const isBatch = path.includes('/job-take-batch/');
    if ((isBatch || path.includes('/job-take/')) && !isTaken) {
      isTaken = true;
      response.writeHead(200, { 'content-type': 'application/json' }).end(isBatch ? `[${job}]` : job);
    } else if (path.includes('/job-done/')) {
      response.end('{}');
      readBody(request).then((body) => settleIfFinal(body, done), done.reject);
    } else if (path.includes('/job-take') || path.includes('/job-stop/')) {
      // Long polls stay open until the bench is over.
      request.resume();
    } else {
      request.resume();
      response.end('{}');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [program = process.execPath, ...args] = builtInWorkers[worker]?.command ?? [];
  const connection = workerEnvironment({
    origin: `http://127.0.0.1:${port}`,
    ...{ endpoint: 'bench', workerId: 'bench', key: 'bench', hostname: 'bench', gpu: 'cpu' },
    pingIntervalMs: 10_000,
  });
  const startedAt = performance.now();
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, RUNPOD_LOG_LEVEL: 'error', ...env, ...connection },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  child.once('exit', (code) =>
    done.reject(new Error(`the worker ended with ${code} before its first result`)),
  );
  try {
    await done.promise;
    return performance.now() - startedAt;
  } finally {
    if (child.exitCode === null) {
      const isOver = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await isOver;
    }
    server.closeAllConnections();
    server.close();
  }
}

function settleIfFinal(body: string, done: { resolve(): void; reject(error: Error): void }): void {
  const report = JSON.parse(body) as { status?: string; error?: unknown };
  if (report.error !== undefined) {
    done.reject(new Error(`the job failed: ${String(report.error)}`));
  } else if (report.status !== 'IN_PROGRESS') {
    done.resolve();
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
