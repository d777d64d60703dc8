import { Worker } from 'node:worker_threads';
import { threadEnvironment } from './inference-thread.ts';
import { refuseTelemetry } from './no-telemetry.ts';
import { siblingModule } from './sibling-module.ts';

/**
 * An inference thread that is started before it is known what it will run: while the process still reads its settings
 * and looks for its models, the thread loads its code. Whoever takes it tells it the rest.
 */
export class SpareThread {
  readonly #worker: Worker;
  #isFree = true;

  /** @param entry module that calls `serveThread`. */
  constructor(entry: URL) {
    refuseTelemetry();
    this.#worker = new Worker(entry, { env: threadEnvironment() });
    // It must not keep a process going that could not start.
    this.#worker.unref();
    // The thread that is started in its place meets the same problem, and says so where it is heard.
    this.#worker.once('error', () => {
      this.#isFree = false;
    });
  }

  /** For a model whose file is not known yet (`thread-engine.ts`). */
  static forModel(): SpareThread {
    return new SpareThread(siblingModule(import.meta.url, 'model-thread'));
  }

  /** Neither taken nor ended. */
  get isFree(): boolean {
    return this.#isFree;
  }

  /** The thread, once; undefined when it is taken or ended. */
  take(): Worker | undefined {
    if (!this.#isFree) return undefined;
    this.#isFree = false;
    this.#worker.ref();
    return this.#worker;
  }

  /** Ends a thread that nobody took. */
  async stop(): Promise<void> {
    if (!this.#isFree) return;
    this.#isFree = false;
    await this.#worker.terminate();
  }
}
