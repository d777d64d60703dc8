import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/spillway.mjs', import.meta.url));

export interface CliRun {
  readonly code: number | null;
  /** What ended it, where it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedCli {
  readonly child: ChildProcess;
  /** Resolves when it has printed this (on either stream). */
  printed(text: string): Promise<void>;
  readonly ended: Promise<CliRun>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Options for Node itself, before the program. */
  readonly nodeOptions?: readonly string[];
}

/** Starts `spillway …args` as a user would, without any variables of the test's own environment that it reads. */
export function startCli(args: readonly string[], options: CliOptions): StartedCli {
  const env = { PATH: process.env.PATH ?? '', HOME: options.cwd, NO_COLOR: '1', ...options.env };
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), BIN, ...args], {
    cwd: options.cwd,
    env,
  });
  let stdout = '';
  let stderr = '';
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  function check(): void {
    for (const { text, resolve } of waiting) if (stdout.includes(text) || stderr.includes(text)) resolve();
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    check();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    check();
  });
  // One that refuses its arguments reads nothing.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<CliRun>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        waiting.push({ text, resolve });
        check();
        void ended.then(() => reject(new Error(`ended without printing "${text}":\n${stdout}\n${stderr}`)));
      }),
  };
}

export function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  return startCli(args, options).ended;
}
