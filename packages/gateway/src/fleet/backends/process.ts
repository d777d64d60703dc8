import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '@spillway/sdk/clock';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import {
  type Backend,
  type BackendWorker,
  StartError,
  type WorkerExit,
  type WorkerSpec,
} from '../backend.ts';
import { endOrphans, forgetWorker, recordWorker, workerFolder } from '../orphans.ts';
import { signalGroup } from '../process-identity.ts';
import { inheritedEnvironment } from '../worker-environment.ts';
import { openWorkerLog, pruneLogs, type WorkerLogWriter } from '../worker-log.ts';

const SIGNALS = 'HUP INT QUIT TERM PIPE ALRM USR1 USR2';

/**
 * Workers as processes of this machine. Each leads a process group of its own, in which a watchdog waits on a pipe
 * whose other end only the gateway holds: when the gateway ends in any way, the kernel closes the pipe and the
 * watchdog kills the group. The worker itself takes the shell's place (`exec`), so its pid, exit code and signals
 * are its own; the watchdog is started by a middle process that ends at once, so it is no child of the worker, which
 * could wait for it. It ignores signals to the group from its birth on, and it holds none of the worker's output. The
 * shell writes a line back when all this stands: only then may the worker be signalled.
 */
const START_SCRIPT = `
  trap '' ${SIGNALS}
  ( ( read -r _ <&3; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & )
  trap - ${SIGNALS}
  echo >&3
  exec "$@" 3<&-
`;

/** A child of the worker that left its group may hold the output open; its last lines aren't waited for longer. */
const OUTPUT_GRACE_MS = 1_000;
const LOGS_KEPT = 50;

export interface ProcessBackendOptions {
  readonly clock: Clock;
  /** The gateway's data folder: `workers/` and `logs/` in it are this backend's. */
  readonly dataDir: string;
  /** The gateway's own environment, of which a worker gets the allow-listed part. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** Told what went wrong beside the workers themselves, such as a log that can't be written. */
  readonly onError: (message: string, error: unknown) => void;
}

export function createProcessBackend(options: ProcessBackendOptions): Backend {
  const root = path.join(options.dataDir, 'workers');
  return {
    kind: 'process',
    recover: () => endOrphans(root, options.clock),
    start: (spec) => startProcess(options, root, spec),
  };
}

async function startProcess(
  options: ProcessBackendOptions,
  root: string,
  spec: WorkerSpec,
): Promise<BackendWorker> {
  const { workerId, endpoint } = spec;
  await assertFolder(endpoint.cwd, `endpoints.${endpoint.name}.cwd`);
  const home = path.join(workerFolder(root, workerId), 'home');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const log = await openLog(options, workerId, endpoint.name);
  const env = { ...inheritedEnvironment(options.hostEnv), ...spec.env, HOME: home };
  const child = await launch(endpoint, env).catch(async (error: Error) => {
    await log.close();
    await forgetWorker(root, workerId);
    throw new StartError(`can't be started: ${error.message}`);
  });
  const pid = child.pid ?? 0;
  void log.write('gateway', `started ${endpoint.command.join(' ')} (pid ${pid})\n`);
  const recorded = recordWorker(root, workerId, pid, endpoint.name).catch((error) =>
    options.onError(`worker ${workerId} can't be recorded`, error),
  );
  const exited = watchExit(child, log, options.clock).then(async (exit) => {
    // A worker may end sooner than it is recorded.
    await recorded;
    await forgetWorker(root, workerId).catch((error) =>
      options.onError(`the folder of worker ${workerId} can't be removed`, error),
    );
    return exit;
  });
  await Promise.all([recorded, Promise.race([exited, standing(child)])]);
  const signal = (name: NodeJS.Signals) => {
    // Once the leader is reaped its pid is free for others; what it left is ended by watchExit.
    if (child.exitCode === null && child.signalCode === null) signalGroup(pid, name);
  };
  return {
    id: workerId,
    pid,
    exited,
    log,
    terminate: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
  };
}

async function openLog(
  { clock, dataDir, onError }: ProcessBackendOptions,
  workerId: string,
  endpoint: string,
) {
  const folder = path.join(dataDir, 'logs', endpoint);
  const log = await openWorkerLog({
    clock,
    file: path.join(folder, `${workerId}.log`),
    onError: (error) => onError(`the log of worker ${workerId} can't be written`, error),
  });
  await pruneLogs(folder, LOGS_KEPT);
  return log;
}

/** Resolves when the process runs; rejects when the system refuses it. */
async function launch(endpoint: Endpoint, env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', START_SCRIPT, 'spillway-worker', ...endpoint.command], {
    cwd: endpoint.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
  });
  await once(child, 'spawn');
  return child;
}

async function assertFolder(folder: string, name: string): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory()) return;
  const found = info ? 'is no folder' : 'does not exist';
  throw new StartError(`can't be started: the folder ${folder} (${name}) ${found}`);
}

/** Resolves when the shell has set up the watchdog and gives its place to the worker. */
function standing(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.stdio[3]?.once('data', () => resolve()));
}

/** Resolves when the worker has ended, its group is gone and its log is complete. */
async function watchExit(child: ChildProcess, log: WorkerLogWriter, clock: Clock): Promise<WorkerExit> {
  const watchdogPipe = child.stdio[3];
  // The worker's end may be closed at any time; that is no error of the gateway.
  watchdogPipe?.on('error', () => {});
  const output = Promise.all([pump(child.stdout, 'stdout', log), pump(child.stderr, 'stderr', log)]);
  const exit = await new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      // The leader is gone, its children may not be (the Python SDK leaves its ping process). The watchdog is still
      // in the group, so the group's number can't belong to anybody else.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      resolve({ code, signal });
    });
  });
  watchdogPipe?.destroy();
  const isDone = new AbortController();
  await Promise.race([output.finally(() => isDone.abort()), clock.sleep(OUTPUT_GRACE_MS, isDone.signal)]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  await log.close();
  return exit;
}

/** Copies one stream to the log; waits for the disk, so that a flood of output slows its worker and nobody else. */
async function pump(
  stream: Readable | null,
  source: 'stdout' | 'stderr',
  log: WorkerLogWriter,
): Promise<void> {
  if (!stream) return;
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) await log.write(source, chunk);
  } catch {
    // Destroyed after the worker's end: what it still held is lost with it.
  }
}
