import { openRotatingFile, type RotatingFile, readRotatingFile } from '../lib/rotating-file.ts';

/**
 * What is known here of the attempts of one endpoint at RunPod, as lines, for whoever follows its logs: their states,
 * progress and ends. The last ones are kept in memory, and in a file of bounded size over restarts.
 */
export interface RemoteLog {
  add(workerId: string, text: string): void;
  /** The last lines, of one attempt or of all. */
  tail(count: number, workerId?: string): readonly AttemptLine[];
  /** Every further line, until the returned function is called. */
  follow(listener: (line: AttemptLine) => void, workerId?: string): () => void;
  /** Reads what the last gateway left, and goes on from there. */
  open(): Promise<void>;
  /** Resolves when all lines are in the file. */
  close(): Promise<void>;
}

export interface AttemptLine {
  readonly workerId: string;
  readonly line: string;
}

export interface RemoteLogOptions {
  readonly now: () => number;
  /** Without it lines are in memory alone. */
  readonly file?: string | undefined;
  readonly onError?: (error: Error) => void;
}

const KEPT = 1_000;
const LONGEST_LINE = 2_000;
/** Of each of the file's two halves. */
const MAX_BYTES = 1024 * 1024;
const IN_FILE = /^(\S+) (\S+) (.*)$/;

export function createRemoteLog({ now, file: path, onError }: RemoteLogOptions): RemoteLog {
  let kept: AttemptLine[] = [];
  const listeners = new Set<(line: AttemptLine) => void>();
  let file: RotatingFile | undefined;
  return {
    add(workerId, text) {
      const said = text.replaceAll(/\s*\n\s*/g, ' | ').slice(0, LONGEST_LINE);
      const at = new Date(now()).toISOString();
      const one = { workerId, line: shown(at, said) };
      kept.push(one);
      if (kept.length > KEPT) kept.shift();
      for (const listener of listeners) listener(one);
      void file?.append(`${at} ${workerId} ${said}\n`);
    },
    tail(count, workerId) {
      const lines = kept.filter((one) => workerId === undefined || one.workerId === workerId);
      return count === 0 ? [] : lines.slice(-count);
    },
    follow(listener, workerId) {
      const hear = (one: AttemptLine) => {
        if (workerId === undefined || one.workerId === workerId) listener(one);
      };
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
    async open() {
      if (path === undefined) return;
      try {
        const before = (await readRotatingFile(path)).split('\n').flatMap((line) => {
          const [, at, workerId, said] = IN_FILE.exec(line) ?? [];
          return at && workerId && said !== undefined ? [{ workerId, line: shown(at, said) }] : [];
        });
        file = await openRotatingFile({ file: path, maxBytes: MAX_BYTES, ...(onError ? { onError } : {}) });
        kept = [...before, ...kept].slice(-KEPT);
      } catch (error) {
        // Jobs go on all the same, and their lines are in memory.
        onError?.(error as Error);
      }
    },
    close: async () => file?.close(),
  };
}

function shown(at: string, said: string): string {
  return `[runpod ${at}] ${said}`;
}
