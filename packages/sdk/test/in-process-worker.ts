import { type StopSignal, startWorker, type WorkerHost, type WorkerOptions } from '@spillway/sdk/worker';
import type { WorkerServer } from './worker-server.ts';

/** A worker in the test's own process, over a real connection; its process is made up. */
export interface InProcessWorker {
  /** The exit code, when the worker has ended. */
  readonly done: Promise<number>;
  readonly log: readonly string[];
  readonly exits: readonly number[];
  kill(signal: StopSignal): void;
  /** SIGTERM, and wait for the end. */
  stop(): Promise<number>;
}

export function startInProcessWorker(
  server: Pick<WorkerServer, 'env'>,
  options: WorkerOptions,
  env: Record<string, string> = {},
): InProcessWorker {
  const log: string[] = [];
  const exits: number[] = [];
  let listener: (signal: StopSignal) => void = () => {};
  const host: WorkerHost = {
    env: { ...server.env(), ...env },
    args: [],
    readFile: async () => undefined,
    writeOut: (line) => log.push(line),
    writeError: (line) => log.push(line),
    onSignal(given) {
      listener = given;
      return () => {};
    },
    exit: (code) => exits.push(code),
  };
  // The shortest pauses between two tries: half of what the bounds say.
  const done = startWorker(options, { host, random: () => 0 });
  return {
    done,
    log,
    exits,
    kill: (signal) => listener(signal),
    stop() {
      if (exits.length === 0) listener('SIGTERM');
      return done;
    },
  };
}
