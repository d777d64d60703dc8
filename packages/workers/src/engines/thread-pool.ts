import type { Transferable } from 'node:worker_threads';
import type { ThreadTask } from './inference-thread.ts';
import { type CrewOptions, ThreadCrew } from './thread-crew.ts';

/**
 * A few inference threads behind one bounded queue. One thread is started at first, further ones only when a request
 * finds all of them busy: a worker that runs one job at a time then loads its models once. If a thread cannot start, the
 * requests that wait are told why and the next one tries again.
 */
export interface ThreadPoolOptions extends CrewOptions {
  /** Most requests that wait for a thread, besides those that run. */
  readonly maxWaiting: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((value: unknown) => void) | undefined;
  /** Buffers in the request that are handed over instead of copied; views of them are empty afterwards. */
  readonly transfer?: readonly Transferable[] | undefined;
}

/** Too many requests wait already. */
export class PoolFullError extends Error {
  override readonly name = 'PoolFullError';
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #crew: ThreadCrew;
  readonly #waiting: ThreadTask[] = [];
  #nextId = 1;
  #stopped: Promise<void> | undefined;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#crew = new ThreadCrew(options, {
      onChange: () => this.#pump(),
      onUnusable: (reason) => this.#rejectWaiting(reason),
    });
  }

  /** What the thread that was ready last says of itself; undefined before the first one is. */
  get info(): unknown {
    return this.#crew.info;
  }

  /** Starts the first thread. Resolves with its info; rejects with the sentence why it cannot be used. */
  start(): Promise<unknown> {
    return this.#crew.start();
  }

  /**
   * Runs one request. An aborted signal rejects at once with its reason: a request that waits is dropped, one that runs
   * is asked to stop, and its thread takes the next request when it has.
   */
  run(request: unknown, options: RequestOptions = {}): Promise<unknown> {
    if (this.#stopped !== undefined) {
      return Promise.reject(new Error('The worker is stopping and takes no more work.'));
    }
    if (options.signal?.aborted) {
      return Promise.reject(options.signal.reason);
    }
    if (this.#crew.idle === undefined && this.#waiting.length >= this.#options.maxWaiting) {
      const sentence = `The worker is busy: ${this.#waiting.length} requests already wait. Try again later.`;
      return Promise.reject(new PoolFullError(sentence));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push(this.#createTask(request, options, { resolve, reject }));
      this.#pump();
    });
  }

  /** Ends the threads and rejects what has not been answered. Later calls share the first one's promise. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  #createTask(
    request: unknown,
    { signal, onProgress, transfer }: RequestOptions,
    promise: { resolve(reply: unknown): void; reject(error: unknown): void },
  ): ThreadTask {
    const id = this.#nextId++;
    let isSettled = false;
    const settle = (act: () => void) => {
      if (!isSettled) {
        isSettled = true;
        signal?.removeEventListener('abort', onAbort);
        act();
      }
    };
    const onAbort = () => {
      settle(() => promise.reject(signal?.reason));
      this.#drop(id);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    return {
      id,
      request,
      transfer,
      onProgress: (value) => (isSettled ? undefined : onProgress?.(value)),
      resolve: (reply) => settle(() => promise.resolve(reply)),
      reject: (error) => settle(() => promise.reject(error)),
    };
  }

  #drop(id: number): void {
    const place = this.#waiting.findIndex((task) => task.id === id);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
    }
    this.#crew.cancel(id);
  }

  #pump(): void {
    if (this.#stopped !== undefined) {
      return;
    }
    for (let thread = this.#crew.idle; thread !== undefined; thread = this.#crew.idle) {
      const task = this.#waiting.shift();
      if (task === undefined) {
        break;
      }
      this.#crew.keepBusy();
      thread.run(task);
    }
    this.#crew.provideFor(this.#waiting.length);
  }

  #rejectWaiting(error: Error): void {
    for (const task of this.#waiting.splice(0)) {
      task.reject(error);
    }
  }

  async #end(): Promise<void> {
    this.#rejectWaiting(new Error('The worker stopped before this request was done.'));
    await this.#crew.stop();
  }
}
