import { InferenceThread, type ThreadTask } from './inference-thread.ts';

/**
 * A few inference threads behind one bounded queue. One thread is started at first, further ones only when a request
 * finds all of them busy: a worker that runs one job at a time then loads its models once. A thread that dies is
 * replaced; if a replacement cannot start, the requests that wait are told why and the next one tries again.
 */
export interface ThreadPoolOptions {
  /** Module that calls `serveThread`. */
  readonly entry: URL;
  /** Handed to each thread's set-up; must survive a structured clone. */
  readonly data: unknown;
  /** Most threads alive at once. */
  readonly size: number;
  /** Most requests that wait for a thread, besides those that run. */
  readonly maxWaiting: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((value: unknown) => void) | undefined;
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #threads = new Set<InferenceThread>();
  readonly #waiting: ThreadTask[] = [];
  #nextId = 1;
  #stopped: Promise<void> | undefined;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /** Starts the first thread. Resolves with its info; rejects with the sentence why it cannot be used. */
  start(): Promise<unknown> {
    const [first] = this.#threads;
    return (first ?? this.#grow()).ready;
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
    const free = [...this.#threads].some((thread) => thread.state === 'idle');
    if (!free && this.#waiting.length >= this.#options.maxWaiting) {
      const sentence = `The worker is busy: ${this.#waiting.length} requests already wait. Try again later.`;
      return Promise.reject(new Error(sentence));
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
    { signal, onProgress }: RequestOptions,
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
    for (const thread of this.#threads) {
      thread.cancel(id);
    }
  }

  #pump(): void {
    for (const thread of this.#threads) {
      const task = thread.state === 'idle' ? this.#waiting.shift() : undefined;
      if (task !== undefined) {
        thread.run(task);
      }
    }
    const starting = [...this.#threads].filter((thread) => thread.state === 'starting').length;
    if (this.#waiting.length > starting && this.#threads.size < this.#options.size) {
      this.#grow();
    }
  }

  #grow(): InferenceThread {
    let wasReady = false;
    const thread = new InferenceThread({
      entry: this.#options.entry,
      data: this.#options.data,
      onIdle: () => {
        wasReady = true;
        this.#pump();
      },
      onGone: () => this.#lose(thread, wasReady),
    });
    this.#threads.add(thread);
    return thread;
  }

  #lose(thread: InferenceThread, wasReady: boolean): void {
    this.#threads.delete(thread);
    if (this.#stopped !== undefined) {
      return;
    }
    if (wasReady) {
      this.#grow();
    } else if (this.#threads.size === 0) {
      thread.ready.catch((error: Error) => this.#rejectWaiting(error));
    }
  }

  #rejectWaiting(error: Error): void {
    for (const task of this.#waiting.splice(0)) {
      task.reject(error);
    }
  }

  async #end(): Promise<void> {
    this.#rejectWaiting(new Error('The worker stopped before this request was done.'));
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }
}
