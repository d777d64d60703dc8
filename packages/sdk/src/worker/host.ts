import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './worker-config.ts';

export type StopSignal = 'SIGTERM' | 'SIGINT';

/** The process a worker lives in, as far as the worker touches it. */
export interface WorkerHost {
  readonly env: Environment;
  /** Command line after the program's name. */
  readonly args: readonly string[];
  /** Text of a file in the working folder; undefined when there is none. */
  readFile(name: string): Promise<string | undefined>;
  writeOut(line: string): void;
  writeError(line: string): void;
  /** Answers the function that stops listening. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  exit(code: number): void;
}

const SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT'];

export function createProcessHost(): WorkerHost {
  // Who read its log may leave; a worker that ended for that would take its jobs along.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    env: process.env,
    args: process.argv.slice(2),
    async readFile(name) {
      try {
        return await readFile(join(process.cwd(), name), 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    writeOut: (line) => void process.stdout.write(`${line}\n`),
    writeError: (line) => void process.stderr.write(`${line}\n`),
    onSignal(listener) {
      for (const name of SIGNALS) process.on(name, listener);
      return () => {
        for (const name of SIGNALS) process.off(name, listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}
