import type { WorkerLogWriter } from '../worker-log.ts';
import { type ContainerEngine, lastWords } from './engine.ts';

/** Pulls images, each once however many workers wait for it. The engine's progress goes into the log of each. */
export interface ImagePuller {
  /** Resolves when the image is here; rejects with what the engine said. The signal takes one waiting worker away. */
  pull(engine: ContainerEngine, image: string, log: WorkerLogWriter, signal: AbortSignal): Promise<void>;
}

interface Pull {
  readonly logs: Set<WorkerLogWriter>;
  readonly done: Promise<void>;
  /** Ends the pull. */
  readonly abort: AbortController;
}

/** A large image over a slow line takes hours; the engine itself gives up where nothing comes any more. */
const PULL_TIMEOUT_MS = 24 * 3_600_000;

export function createImagePuller(): ImagePuller {
  const pulls = new Map<string, Pull>();

  function forget(image: string, pull: Pull): void {
    if (pulls.get(image) === pull) pulls.delete(image);
  }

  function begin(engine: ContainerEngine, image: string): Pull {
    const logs = new Set<WorkerLogWriter>();
    const abort = new AbortController();
    const onLine = (line: string) => {
      for (const log of logs) void log.write('gateway', `pull: ${line}\n`);
    };
    const done = engine
      .call(['pull', image], { timeoutMs: PULL_TIMEOUT_MS, signal: abort.signal, onLine })
      .then((answer) => {
        forget(image, pull);
        if (answer.code !== 0) throw new Error(lastWords(answer));
      });
    // Whoever waits hears of a failure; nobody may be waiting any more.
    done.catch(() => {});
    const pull: Pull = { logs, done, abort };
    pulls.set(image, pull);
    return pull;
  }

  return {
    async pull(engine, image, log, signal) {
      const pull = pulls.get(image) ?? begin(engine, image);
      pull.logs.add(log);
      const left = Promise.withResolvers<void>();
      const onAbort = () => left.resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      try {
        await Promise.race([pull.done, left.promise]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        pull.logs.delete(log);
        // The last one to leave ends it.
        if (pull.logs.size === 0) {
          forget(image, pull);
          pull.abort.abort();
        }
      }
    },
  };
}
