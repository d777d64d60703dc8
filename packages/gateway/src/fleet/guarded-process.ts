import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock } from '@spillway/sdk/clock';
import type { WorkerExit } from './backend.ts';
import { signalGroup } from './process-identity.ts';
import type { WorkerLogWriter } from './worker-log.ts';

/**
 * A program that never outlives the gateway. It leads a process group of its own, in which a watchdog waits on a pipe
 * whose other end only the gateway holds: when the gateway ends in any way, the kernel closes the pipe and the watchdog
 * does its last act and kills the group. The program itself takes the shell's place (`exec`), so its pid, exit code and
 * signals are its own; the watchdog is started by a middle process that ends at once, so it is no child of the program,
 * which could wait for it. It ignores signals to the group from its birth on, and it holds none of the program's
 * output. The shell writes a line back when all this stands: only then may the program be signalled.
 */
export interface GuardedProcess {
  readonly pid: number;
  /** Resolves when the program has ended, its group is gone and its output is in the log. Never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Resolves when the watchdog stands, or when the program has ended. */
  readonly standing: Promise<void>;
  /** Signals the whole group. Does nothing once the program has ended. */
  signal(name: NodeJS.Signals): void;
}

export interface GuardedCommand {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A container that the watchdog removes before it kills the group, since a container is not in it. */
  readonly container?: { readonly engine: string; readonly name: string };
  readonly log: WorkerLogWriter;
  readonly clock: Clock;
}

const SIGNALS = 'HUP INT QUIT TERM PIPE ALRM USR1 USR2';

/** `lastAct` and `setUp` are fixed texts of this file: whatever comes from outside is an argument of the script. */
const startScript = (setUp: string, lastAct: string) => `
  ${setUp}
  trap '' ${SIGNALS}
  ( ( read -r _ <&3; ${lastAct}; kill -KILL 0 ) </dev/null >/dev/null 2>&1 & )
  trap - ${SIGNALS}
  echo >&3
  exec "$@" 3<&-
`;
const PROCESS_SCRIPT = startScript(':', ':');
const CONTAINER_SCRIPT = startScript(
  'engine=$1 name=$2; shift 2',
  // Without the first, Podman's `rm` would wait for the worker to end by itself.
  '"$engine" kill "$name"; "$engine" rm --force --volumes "$name"',
);

/** A child that left the group may hold the output open; its last lines aren't waited for longer. */
const OUTPUT_GRACE_MS = 1_000;

/** Resolves when the program runs; rejects when the system refuses it. */
export async function launchGuarded(options: GuardedCommand): Promise<GuardedProcess> {
  const { command, cwd, env, container, log, clock } = options;
  const script = container === undefined ? PROCESS_SCRIPT : CONTAINER_SCRIPT;
  const watched = container === undefined ? [] : [container.engine, container.name];
  const child = spawn('/bin/sh', ['-c', script, 'spillway-worker', ...watched, ...command], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const exited = watchExit(child, log, clock);
  const isUp = new Promise<void>((resolve) => child.stdio[3]?.once('data', () => resolve()));
  return {
    pid,
    exited,
    standing: Promise.race([isUp, exited.then(() => {})]),
    signal(name) {
      // Once the leader is reaped its pid is free for others; what it left is ended by watchExit.
      if (child.exitCode === null && child.signalCode === null) signalGroup(pid, name);
    },
  };
}

async function watchExit(child: ChildProcess, log: WorkerLogWriter, clock: Clock): Promise<WorkerExit> {
  const watchdogPipe = child.stdio[3];
  // The program's end may be closed at any time; that is no error of the gateway.
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
    // Destroyed after the program's end: what it still held is lost with it.
  }
}
