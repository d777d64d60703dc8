// A program started for one piece of work and ended with it: no shell, an environment without secrets, what it says on
// stderr kept up to a bound, asked to stop by SIGTERM and killed when it does not.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { VideoError } from '../video-error.ts';

export interface ChildOptions {
  readonly signal?: AbortSignal | undefined;
  readonly stdin?: 'ignore' | 'pipe';
  /** Another end for what it prints than one that is made here. */
  readonly stdout?: Socket;
  /** Descriptors from 3 on that it writes to. */
  readonly extraPipes?: number;
  /** From SIGTERM to SIGKILL (default: 2 s). */
  readonly graceMs?: number;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly process: ChildProcess;
  /** What it prints; empty where it prints elsewhere. */
  readonly stdout: Readable;
  /** Readable ends of the further descriptors, from 3 on. */
  readonly extras: readonly Readable[];
  /** Resolves when the process is gone and its stderr read; rejects when it could not be started. */
  readonly ended: Promise<ChildEnd>;
  /** What it said so far: the beginning and the end of it where it said much. */
  stderr(): string;
  /** Ends it where it still runs, and waits until it is gone. */
  stop(): Promise<void>;
}

const GRACE_MS = 2000;
/** Of the beginning and of the end each. */
const KEPT_STDERR = 8192;

const PASSED_ON =
  /^(PATH|HOME|TMPDIR|LANG|LC_.*|TZ|LD_LIBRARY_PATH|(https?|all|no)_proxy|CUDA_VISIBLE_DEVICES|NVIDIA_.*)$/i;

/** Starts a program. An aborted signal ends it. */
export function startChild(program: string, args: readonly string[], options: ChildOptions = {}): Child {
  options.signal?.throwIfAborted();
  const extraPipes = options.extraPipes ?? 0;
  const child = spawn(program, [...args], {
    stdio: [
      options.stdin ?? 'ignore',
      options.stdout ?? 'pipe',
      'pipe',
      ...Array.from({ length: extraPipes }, () => 'pipe' as const),
    ],
    env: childEnvironment(),
    windowsHide: true,
  });
  const stderr = keepEnds(child.stderr as Readable);
  const ended = endOf(child, program);
  // Whoever does not wait for the end is not told by a crash of the whole worker either.
  ended.catch(() => {});
  const stop = stopper(child, ended, options.graceMs ?? GRACE_MS);
  const onAbort = () => void stop();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const forget = () => options.signal?.removeEventListener('abort', onAbort);
  ended.then(forget, forget);
  const extras = child.stdio.slice(3) as Readable[];
  return { process: child, stdout: child.stdout ?? Readable.from([]), extras, ended, stderr, stop };
}

function childEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  return { ...Object.fromEntries(kept), AV_LOG_FORCE_NOCOLOR: '1' };
}

/** `exit`, then the end of stderr: `close` would also wait for readers of stdout who have stopped reading. */
function endOf(child: ChildProcess, program: string): Promise<ChildEnd> {
  const stderrEnd = new Promise<void>((resolve) => child.stderr?.once('close', resolve));
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const sentence = `${program} can't be started: ${cause.message}. Install ffmpeg anew, or name another in FFMPEG_PATH and FFPROBE_PATH.`;
      reject(new VideoError('FFMPEG_MISSING', sentence, { cause }));
    });
    child.once('exit', (code, signal) => {
      void stderrEnd.then(() => resolve({ code, signal }));
    });
  });
}

function stopper(child: ChildProcess, ended: Promise<ChildEnd>, graceMs: number): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return () => {
    stopping ??= (async () => {
      if (!hasEnded()) child.kill('SIGTERM');
      // A program that waits for its reader or writer gets its signal sooner when the pipes are gone.
      for (const stream of child.stdio) if (stream !== child.stderr) stream?.destroy();
      const timer = setTimeout(() => hasEnded() || child.kill('SIGKILL'), graceMs);
      await ended.catch(() => {});
      clearTimeout(timer);
    })();
    return stopping;
  };
}

function keepEnds(stream: Readable): () => string {
  let head = '';
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const room = KEPT_STDERR - head.length;
    head += text.slice(0, room);
    if (text.length > room) tail = (tail + text.slice(Math.max(0, room))).slice(-KEPT_STDERR);
  });
  stream.on('error', () => {});
  return () => (tail.length === KEPT_STDERR ? `${head}\n…\n${tail}` : head + tail);
}
