/**
 * The jobs that this worker runs now. Owns their abort signals and their background work: what is started here is
 * counted until it has ended.
 */
export interface RunningJobs {
  readonly size: number;
  /** How many of them still have their place; the results of the others are on their way. */
  readonly placesTaken: number;
  ids(): readonly string[];
  /**
   * Answers false when the job already runs here. `run` must not reject; it calls `freePlace` when another job may have
   * the place, or ends.
   */
  start(jobId: string, run: (signal: AbortSignal, freePlace: () => void) => Promise<void>): boolean;
  /** Aborts the job's signal; the place stays taken until its handler has come to an end. */
  stop(jobId: string): boolean;
  /** Resolves when a job starts, frees its place or ends, or on `wake`. */
  changed(): Promise<void>;
  wake(): void;
  /** Resolves when nothing runs any more. */
  settled(): Promise<void>;
}

export interface RunningJobsOptions {
  /** A job that was stopped has come to its end. */
  readonly onStopped?: () => void;
}

export function createRunningJobs({ onStopped }: RunningJobsOptions = {}): RunningJobs {
  const running = new Map<string, AbortController>();
  /** Of the running ones, those whose place is free. */
  const reporting = new Set<string>();
  let change = Promise.withResolvers<void>();

  function wake(): void {
    change.resolve();
    change = Promise.withResolvers<void>();
  }

  return {
    get size() {
      return running.size;
    },
    get placesTaken() {
      return running.size - reporting.size;
    },
    ids: () => [...running.keys()],
    start(jobId, run) {
      if (running.has(jobId)) return false;
      const controller = new AbortController();
      running.set(jobId, controller);
      const freePlace = () => {
        reporting.add(jobId);
        wake();
      };
      // A turn later, so that a batch is known whole before the first handler may block the thread.
      void Promise.resolve()
        .then(() => run(controller.signal, freePlace))
        .finally(() => {
          running.delete(jobId);
          reporting.delete(jobId);
          wake();
          if (controller.signal.aborted) onStopped?.();
        });
      wake();
      return true;
    },
    stop(jobId) {
      const controller = running.get(jobId);
      if (!controller || controller.signal.aborted) return false;
      controller.abort(new DOMException('The server stopped this job.', 'AbortError'));
      return true;
    },
    changed: () => change.promise,
    wake,
    async settled() {
      while (running.size > 0) await change.promise;
    },
  };
}
