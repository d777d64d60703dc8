import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from '@spillway/sdk/clock';

/** How a program ended that was run for what it prints. */
export interface ProgramAnswer {
  /** Exit code; null where it could not be started or was ended by a signal. */
  readonly code: number | null;
  /** Text of both streams, the last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
  /** The program does not exist. */
  readonly isAbsent: boolean;
  /** It was ended because it took too long. */
  readonly isTimedOut: boolean;
}

export interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the program (SIGTERM) when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with each line of either stream as it comes. */
  readonly onLine?: (line: string) => void;
}

const KEPT = 64 * 1024;

/** Runs a program without a shell and waits for its end. Never rejects: whatever went wrong is in the answer. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramAnswer> {
  const child = spawn(program, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new AbortController();
  const onAbort = () => child.kill('SIGTERM');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  let isTimedOut = false;
  void options.clock.sleep(options.timeoutMs, ended.signal).then(() => {
    if (ended.signal.aborted) return;
    isTimedOut = true;
    child.kill('SIGKILL');
  });
  const [stdout, stderr, end] = await Promise.all([
    read(child.stdout, options.onLine),
    read(child.stderr, options.onLine),
    endOf(child),
  ]);
  ended.abort();
  options.signal?.removeEventListener('abort', onAbort);
  const words = stderr === '' && end.problem !== undefined ? end.problem : stderr;
  return { code: end.code, stdout, stderr: words, isAbsent: end.isAbsent, isTimedOut };
}

interface End {
  readonly code: number | null;
  readonly isAbsent: boolean;
  readonly problem?: string;
}

function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ code: null, isAbsent: error.code === 'ENOENT', problem: error.message }),
    );
    child.once('close', (code) => resolve({ code, isAbsent: false }));
  });
}

async function read(stream: Readable, onLine?: (line: string) => void): Promise<string> {
  let text = '';
  let unfinished = '';
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) {
      text = (text + chunk).slice(-KEPT);
      if (!onLine) continue;
      const lines = (unfinished + chunk).split(/\r?\n/);
      unfinished = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  } catch {
    // The stream of a program that could not be started.
  }
  if (unfinished !== '') onLine?.(unfinished);
  return text;
}
