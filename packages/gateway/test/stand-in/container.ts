import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a container is to be run, kept in its folder. */
export interface ContainerSpec {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Needs more memory than it may have. */
  readonly isHungry: boolean;
}

/** `.State` as the engines print it. */
export interface StandInState {
  readonly Status: 'created' | 'running' | 'exited';
  readonly Running: boolean;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
  readonly Error: string;
  /** Leader of the container's processes. */
  readonly Pid: number;
}

const CREATED: StandInState = {
  Status: 'created',
  Running: false,
  ExitCode: 0,
  OOMKilled: false,
  Error: '',
  Pid: 0,
};

export function containerFolder(dir: string, name: string): string {
  return path.join(dir, 'containers', name);
}

export function readState(dir: string, name: string): StandInState | undefined {
  const folder = containerFolder(dir, name);
  if (!existsSync(folder)) return undefined;
  try {
    return JSON.parse(readFileSync(path.join(folder, 'state.json'), 'utf8'));
  } catch {
    return CREATED;
  }
}

/** False when the container was removed meanwhile. */
function writeState(dir: string, name: string, state: Partial<StandInState>): boolean {
  const file = path.join(containerFolder(dir, name), 'state.json');
  try {
    writeFileSync(`${file}.new`, JSON.stringify({ ...CREATED, ...state }));
    renameSync(`${file}.new`, file);
    return true;
  } catch {
    return false;
  }
}

/** The process that holds the container, as an engine's shim does: it outlives the command line. */
export function runShim(dir: string, name: string): Promise<number> {
  const folder = containerFolder(dir, name);
  const spec: ContainerSpec = JSON.parse(readFileSync(path.join(folder, 'spec.json'), 'utf8'));
  const [program = '', ...args] = spec.command;
  const out = openSync(path.join(folder, 'stdout'), 'a');
  const err = openSync(path.join(folder, 'stderr'), 'a');
  const child = spawn(program, args, {
    cwd: '/',
    env: spec.env,
    detached: true,
    stdio: ['ignore', out, err],
  });
  const pid = child.pid ?? 0;
  const isKept = pid === 0 || writeState(dir, name, { Status: 'running', Running: true, Pid: pid });
  if (spec.isHungry || !isKept) killGroup(pid, 'SIGKILL');
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = error.code === 'ENOENT';
      const why = isAbsent ? 'executable file not found in $PATH' : 'permission denied';
      writeState(dir, name, { ExitCode: isAbsent ? 127 : 126, Error: `exec: "${program}": ${why}` });
      resolve(0);
    });
    child.once('exit', (code, signal) => {
      // Nothing of a container outlives its first process.
      killGroup(pid, 'SIGKILL');
      const ExitCode = signal === null ? (code ?? 0) : 128 + constants.signals[signal];
      writeState(dir, name, { Status: 'exited', ExitCode, OOMKilled: spec.isHungry, Pid: pid });
      resolve(0);
    });
  });
}

/** Starts the container and copies what it prints until it has ended; answers its exit code. */
export async function tailContainer(dir: string, name: string, kind: string): Promise<number> {
  const folder = containerFolder(dir, name);
  for (const file of ['stdout', 'stderr']) writeFileSync(path.join(folder, file), '');
  const engine = fileURLToPath(new URL('engine.ts', import.meta.url));
  spawn(process.execPath, [engine, kind, 'shim', name], { detached: true, stdio: 'ignore' }).unref();
  process.on('SIGTERM', () => killGroup(readState(dir, name)?.Pid ?? 0, 'SIGTERM'));
  const streams = [
    { fd: openSync(path.join(folder, 'stdout'), 'r'), to: process.stdout, at: 0 },
    { fd: openSync(path.join(folder, 'stderr'), 'r'), to: process.stderr, at: 0 },
  ];
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    const state = readState(dir, name);
    const isOver = state === undefined || state.Status === 'exited' || state.Error !== '';
    for (const stream of streams) {
      for (;;) {
        const length = readSync(stream.fd, buffer, 0, buffer.length, stream.at);
        if (length === 0) break;
        stream.at += length;
        stream.to.write(Buffer.from(buffer.subarray(0, length)));
      }
    }
    if (isOver) {
      for (const { fd } of streams) closeSync(fd);
      if (state?.Error) process.stderr.write(`${kind}: Error response from daemon: ${state.Error}\n`);
      return state?.ExitCode ?? 137;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** SIGTERM, which the init process hands to the worker alone; false when none is running. */
export function signalContainer(dir: string, name: string): boolean {
  const state = readState(dir, name);
  if (!state?.Running) return false;
  killProcess(state.Pid, 'SIGTERM');
  return true;
}

/** Ends a container with all its processes; false when none is running. */
export async function endContainer(dir: string, name: string): Promise<boolean> {
  const state = readState(dir, name);
  if (!state?.Running) return false;
  killGroup(state.Pid, 'SIGKILL');
  while (readState(dir, name)?.Running) await new Promise((resolve) => setTimeout(resolve, 10));
  return true;
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  if (pid > 1) killProcess(-pid, signal);
}

function killProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone.
  }
}
