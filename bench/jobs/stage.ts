import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/**
 * What a bench starts and writes, all of it gone when the bench is over, also on Ctrl-C: processes (each a group of its
 * own, so that Ctrl-C reaches the bench alone, which ends them in order) and folders.
 */
export interface Stage {
  folder(): string;
  /** Resolves when the program printed its ready line; rejects when it ends before. */
  start(program: readonly string[], options?: StartOptions): Promise<Server>;
  /** Resolves to what the program printed; rejects with what it complained about. */
  run(program: readonly string[]): Promise<string>;
  end(server: Server): Promise<void>;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The line that says it is ready (default: the first one). */
  readonly ready?: RegExp;
}

export interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The address in the line that said it was ready. */
  readonly url: string;
}

const END_GRACE_MS = 15_000;
const LAST_WORDS_CHARS = 600;

export function createStage(): Stage {
  const running = new Set<ChildProcess>();
  const folders: string[] = [];
  let closed: Promise<void> | undefined;

  const onSignal = (signal: NodeJS.Signals) =>
    void close().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);

  function launch(program: readonly string[], options: StartOptions): ChildProcess {
    if (closed !== undefined) throw new Error('the bench is ending');
    const [file = '', ...args] = program;
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd ?? process.cwd(),
      env: { ...process.env, ...options.env },
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  }

  async function end(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || !running.has(child)) return;
    const over = once(child, 'close');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS);
    await over;
    clearTimeout(force);
  }

  async function closeAll(): Promise<void> {
    await Promise.all([...running].map(end));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }

  function close(): Promise<void> {
    closed ??= closeAll();
    return closed;
  }

  return {
    folder() {
      const folder = mkdtempSync(path.join(tmpdir(), 'spillway-bench-'));
      folders.push(folder);
      return folder;
    },
    async start(program, options = {}) {
      const child = launch(program, options);
      const lastWords = collect(child.stderr);
      const ready = new Promise<string>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) =>
          reject(new Error(`${program.join(' ')} ended with ${code}: ${lastWords()}`)),
        );
        for (const stream of [child.stdout, child.stderr]) {
          if (!stream) continue;
          createInterface({ input: stream }).on('line', (line) => {
            if ((options.ready ?? /./).test(line)) resolve(line);
          });
        }
      });
      const line = await ready;
      return { child, pid: child.pid ?? 0, url: /https?:\/\/[^\s/]+/.exec(line)?.[0] ?? '' };
    },
    async run(program) {
      const child = launch(program, {});
      let text = '';
      child.stdout?.on('data', (data) => {
        text += String(data);
      });
      const lastWords = collect(child.stderr);
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`${program[0]} ended with ${code}: ${lastWords()}`);
      return text;
    },
    end: (server) => end(server.child),
    close,
  };
}

/** The last part of what a stream says. */
function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.on('data', (data) => {
    text = (text + String(data)).slice(-LAST_WORDS_CHARS);
  });
  return () => text.trim() || 'it said nothing';
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
