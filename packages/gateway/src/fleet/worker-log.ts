import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '@spillway/sdk/clock';
import { openRotatingFile } from '../lib/rotating-file.ts';
import type { BackendPlace } from './backend-place.ts';

/**
 * What one worker printed: in a file with one older half, so that it can't fill the disk, and its last lines in memory
 * for failures, wait reasons and whoever follows along.
 */
export interface WorkerLog {
  /** The newer half; the older one is `<file>.1`. */
  readonly file: string;
  /** The last lines, oldest first; remarks of the gateway on the worker's life begin with `[spillway] `. */
  tail(count: number): readonly string[];
  /** The last lines that the worker itself printed. */
  printed(count: number): readonly string[];
  /** Calls `listener` with every further line, until the returned function is called. */
  follow(listener: (line: string) => void): () => void;
  /** Resolves when the worker has ended and no line follows. */
  readonly ended: Promise<void>;
}

export type LogSource = 'stdout' | 'stderr' | 'gateway';

/** The backend's side of the log. */
export interface WorkerLogWriter extends WorkerLog {
  /** Takes a chunk of output; resolves when it is in the file, so that a flood waits for the disk. Never rejects. */
  write(source: LogSource, chunk: string): Promise<void>;
  /** Writes unfinished lines and closes the file. */
  close(): Promise<void>;
}

export interface WorkerLogOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Size at which the file is rotated; at most twice as much is kept. */
  readonly maxBytes?: number;
  /** Told once when the file can't be written; the lines in memory go on. */
  readonly onError?: (error: Error) => void;
}

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;
const LINES_IN_MEMORY = 200;
/** A longer line is broken: base64 printed by mistake must not fill the memory. */
const MAX_LINE_LENGTH = 8192;

export async function openWorkerLog(options: WorkerLogOptions): Promise<WorkerLogWriter> {
  // A full disk must not stop the worker: its output is still read, its last lines are still known.
  const file = await openRotatingFile({ maxBytes: DEFAULT_MAX_BYTES, ...options });
  const lines: { readonly source: LogSource; readonly text: string }[] = [];
  const unfinished = new Map<LogSource, string>();
  const listeners = new Set<(line: string) => void>();
  const ended = Promise.withResolvers<void>();
  const show = ({ source, text }: (typeof lines)[number]) =>
    source === 'gateway' ? `[spillway] ${text}` : text;

  function add(source: LogSource, text: string): string {
    const line = { source, text };
    lines.push(line);
    if (lines.length > LINES_IN_MEMORY) lines.shift();
    for (const listener of listeners) listener(show(line));
    return `${new Date(options.clock.now()).toISOString()} ${source} ${text}\n`;
  }

  return {
    file: options.file,
    ended: ended.promise,
    tail: (count) => last(lines, count).map(show),
    printed: (count) =>
      last(
        lines.filter(({ source }) => source !== 'gateway'),
        count,
      ).map(({ text }) => text),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write(source, chunk) {
      const { complete, rest } = splitLines((unfinished.get(source) ?? '') + chunk);
      unfinished.set(source, rest);
      return file.append(complete.map((text) => add(source, text)).join(''));
    },
    async close() {
      const rest = [...unfinished]
        .filter(([, text]) => text !== '')
        .map(([source, text]) => add(source, text));
      unfinished.clear();
      await file.append(rest.join(''));
      await file.close();
      listeners.clear();
      ended.resolve();
    },
  };
}

// `slice(-0)` would be all.
function last<T>(items: readonly T[], count: number): readonly T[] {
  return count > 0 ? items.slice(-count) : [];
}

function splitLines(text: string): { complete: string[]; rest: string } {
  const complete: string[] = [];
  const parts = text.split(/\r?\n/);
  const rest = parts.pop() ?? '';
  for (const part of parts) complete.push(...breakUp(part));
  const pieces = breakUp(rest);
  return { complete: [...complete, ...pieces.slice(0, -1)], rest: pieces.at(-1) ?? '' };
}

function breakUp(line: string): string[] {
  if (line.length <= MAX_LINE_LENGTH) return [line];
  return line.match(new RegExp(`.{1,${MAX_LINE_LENGTH}}`, 'gsu')) ?? [line];
}

const LOGS_KEPT = 50;

/** The log of a worker at its place, `<data>/logs/<endpoint>/<worker id>.log`; the oldest ones make room. */
export async function openBackendLog(
  { clock, dataDir, onError }: BackendPlace,
  workerId: string,
  endpoint: string,
): Promise<WorkerLogWriter> {
  const folder = path.join(dataDir, 'logs', endpoint);
  const log = await openWorkerLog({
    clock,
    file: path.join(folder, `${workerId}.log`),
    onError: (error) => onError(`the log of worker ${workerId} can't be written`, error),
  });
  await pruneLogs(folder, LOGS_KEPT);
  return log;
}

/** Removes the oldest logs of a folder but for `keep` workers': endpoints that scale to zero make many. */
export async function pruneLogs(folder: string, keep: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const logs = await Promise.all(
    names
      .filter((name) => name.endsWith('.log'))
      .map(async (name) => {
        const info = await stat(path.join(folder, name)).catch(() => undefined);
        return { name, changedAt: info?.mtimeMs ?? 0 };
      }),
  );
  const old = logs.toSorted((a, b) => b.changedAt - a.changedAt).slice(keep);
  for (const { name } of old) {
    await rm(path.join(folder, name), { force: true });
    await rm(path.join(folder, `${name}.1`), { force: true });
  }
}
