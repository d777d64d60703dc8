import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { ADMIN_KEY } from './start-gateway.ts';

const MAIN = join(import.meta.dirname, 'gateway-main.ts');

/** Folder with a configuration and the files beside it, which several gateways may use one after the other. */
export function makeFolder(
  yaml: string,
  files: Readonly<Record<string, string>>,
): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'spillway-process-'));
  writeFileSync(join(path, 'endpoints.yaml'), yaml);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  // Workers of a gateway that was killed are ended a moment later, and may write until then.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  return { path, remove };
}

export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  call(path: string, json?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Pids of the workers that run now. */
  workerPids(): Promise<number[]>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a gateway's process; it is not ready yet. `SPILLWAY_TEST_LISTEN` in `env` gives it a certain address. */
export function launchGateway(
  folder: string,
  wrapper: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ChildProcess & { stdout: Readable } {
  const [program = process.execPath, ...args] = [...wrapper, process.execPath, MAIN, folder];
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
}

/** A gateway in a process of its own, so that it can be killed; `wrapper` is a program that starts it, such as strace. */
export async function spawnGateway(
  folder: string,
  wrapper?: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const child = launchGateway(folder, wrapper, env);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const url = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    exited.then(() => Promise.reject(new Error('the gateway ended before it was ready'))),
  ]);
  const call: GatewayProcess['call'] = (path, json, headers = {}) =>
    fetch(`${url}${path}`, {
      headers: { authorization: ADMIN_KEY, 'content-type': 'application/json', ...headers },
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  return {
    url,
    child,
    call,
    async workerPids() {
      const { workers } = (await (await call('/v1/workers')).json()) as {
        workers: { pid?: number; state: string }[];
      };
      return workers.flatMap(({ pid, state }) => (pid !== undefined && state !== 'stopped' ? [pid] : []));
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** Resolves when `holds` does; looks again after every turn of the event loop, and every 20 ms at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
