import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { type Transferable, Worker } from 'node:worker_threads';
import { InputError } from '../media/input-error.ts';
import { closeGate, createNativeGate, dropGate } from './native-gate.ts';
import { refuseTelemetry } from './no-telemetry.ts';
import type { FromThread, ThreadFailure, ThreadStart, ToThread } from './thread-messages.ts';
import { UnusablePartError } from './unusable-part-error.ts';

/**
 * One inference thread as the pool sees it: starting → idle ⇄ busy → gone. It runs at most one task; whatever way it
 * ends, the task it held is rejected with a sentence and `onGone` is called once.
 */
export interface ThreadTask {
  readonly id: number;
  readonly request: unknown;
  /** Buffers in the request that go to the thread instead of being copied; the caller's views of them are empty then. */
  readonly transfer?: readonly Transferable[] | undefined;
  onProgress(value: unknown): void;
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

export interface InferenceThreadOptions {
  /** Module that calls `serveThread`. */
  readonly entry: URL;
  /** Its data is handed to the thread's set-up and must survive a structured clone. */
  readonly start: Omit<ThreadStart, 'gate'>;
  /** A thread of the same entry that runs already and waits for its start (`spare-thread.ts`). */
  readonly spare?: Worker | undefined;
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
  readonly #gate = createNativeGate();
  readonly #worker: Worker;
  readonly #options: InferenceThreadOptions;
  #state: ThreadState = 'starting';
  #task: ThreadTask | undefined;
  #isRetiring = false;
  #endReason = 'it ended without giving a reason';

  constructor(options: InferenceThreadOptions) {
    this.#options = options;
    this.ready = this.#started.promise;
    // Who asks for `ready` hears of the failure; that nobody asks must not end the process.
    this.ready.catch(() => undefined);
    refuseTelemetry();
    const { entry, spare } = options;
    const start: ThreadStart = { ...options.start, gate: this.#gate };
    this.#worker = spare ?? new Worker(entry, { workerData: start, env: threadEnvironment() });
    if (spare) this.#post({ kind: 'start', start });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#endReason = error instanceof Error ? error.message : String(error);
    });
    this.#worker.once('exit', () => this.#end());
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** Whether it was asked to end, or ends anyway after its task. */
  get isRetired(): boolean {
    return this.#isRetiring;
  }

  run(task: ThreadTask): void {
    this.#state = 'busy';
    this.#task = task;
    try {
      this.#post({ kind: 'run', id: task.id, request: task.request }, task.transfer);
    } catch (error) {
      // A request that cannot be sent (a buffer that was given away already, say) is its caller's mistake alone.
      const reason = error instanceof Error ? error.message : String(error);
      this.#becomeIdle(() =>
        task.reject(new Error(`The request could not be handed to its thread: ${reason}`)),
      );
    }
  }

  /** Asks the thread to give up a task at its next stage; does nothing when it holds another one. */
  cancel(id: number): void {
    if (this.#task?.id === id) {
      this.#post({ kind: 'cancel', id });
    }
  }

  /** Lets the task that runs end, takes no further one, and stops then. */
  retire(): void {
    this.#isRetiring = true;
    if (this.#state !== 'busy') {
      void this.stop();
    }
  }

  async stop(): Promise<void> {
    if (this.#state !== 'gone') {
      this.#state = 'stopping';
      await closeGate(this.#gate);
      await this.#worker.terminate();
    }
  }

  #post(message: ToThread, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#becomeIdle(() => this.#started.resolve(message.info));
        return;
      case 'unusable':
        this.#started.reject(whyUnusable(message));
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
    if (this.#isRetiring) {
      void this.stop();
    } else {
      this.#options.onIdle();
    }
  }

  #end(): void {
    dropGate(this.#gate);
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
export function threadEnvironment(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: path.dirname(folder) };
}

function whyUnusable({ message, part }: { message: string; part?: string }): Error {
  return part === undefined ? new Error(message) : new UnusablePartError(part, message);
}

function reviveError(failure: ThreadFailure): Error {
  const error = failure.isInputError ? new InputError(failure.message) : new Error(failure.message);
  if (failure.stack !== undefined) {
    error.stack = failure.stack;
  }
  return error;
}
