import type { WriteFailure } from './batch-writer.ts';
import { Draft } from './draft.ts';
import type { StoredJob } from './hot-jobs.ts';
import { emptyOverlay, type Overlay } from './overlay.ts';
import type { Writer } from './writer.ts';

/** Decides what an operation does, from the file, the overlay and what is in memory. May be called again after a failure. */
export type Decide<T> = (draft: Draft, overlay: Overlay) => T;

/**
 * Group commit: operations asked for while a batch is being written share the next transaction, and so one sync of the
 * disk. Each is decided on top of those before it, written or not; nobody gets an answer before everything that it
 * rests on is on disk. One that can't be written takes no other along: those decided on top of it are decided anew.
 */
export interface CommitGroup {
  run<T>(decide: Decide<T>): Promise<T>;
  /** Decides behind the others of its batch, so that it sees what they did. */
  runLast<T>(decide: Decide<T>): Promise<T>;
  /** While no batch is being written: for other tables of the file, so that nobody waits for its lock. */
  exclusive<T>(work: () => T): Promise<T>;
  /** Whether a batch that is not on disk yet changes this job. */
  isChanging(jobId: string): boolean;
  /** Resolves when the next batch is on disk or has failed; at once when there is none. */
  settled(): Promise<void>;
  /** Writes what is waiting. */
  close(): Promise<void>;
}

export interface CommitGroupHooks {
  /** On disk. */
  readonly keep: (stored: StoredJob) => void;
  /** Some could not be written: what was counted in advance is to be read anew. */
  readonly afterFailure: () => void;
}

interface Pending {
  readonly decide: Decide<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Decided extends Pending {
  readonly draft: Draft;
  readonly value: unknown;
}

interface Batch {
  readonly group: readonly Decided[];
  /** Those with something to write, in the order in which the writer has them. */
  readonly written: readonly Decided[];
  failures: readonly WriteFailure[] | undefined;
}

/** One batch may hold this many operations; the rest form the next. */
const LARGEST_GROUP = 512;
/** One is being written, the next one lies ready. */
const MOST_BATCHES = 2;
/**
 * A batch of this part of all that is on its way doesn't wait for the others of this turn of the event loop: the disk
 * syncs while those are still being read. A third is being written, one lies ready, one is being gathered.
 */
const ENOUGH_PART = 1 / 3;
const FEWEST_ENOUGH = 8;
const MOST_ENOUGH = 64;
/** How fast the measure of what is on its way follows: over so many batches. */
const REMEMBERED_BATCHES = 16;

export function createCommitGroup(writer: Writer, hooks: CommitGroupHooks): CommitGroup {
  const group = new Group(writer, hooks);
  return {
    run: (decide) => group.enqueue(group.pending, decide),
    runLast: (decide) => group.enqueue(group.last, decide),
    exclusive: (work) => group.enqueueBetween(work),
    isChanging: (jobId) => group.overlay.jobs.has(jobId),
    settled: () => group.settled(),
    close: () => group.close(),
  };
}

class Group {
  readonly pending: Pending[] = [];
  readonly last: Pending[] = [];
  overlay = emptyOverlay();
  readonly #writer: Writer;
  readonly #hooks: CommitGroupHooks;
  readonly #between: (() => void)[] = [];
  readonly #inFlight: Batch[] = [];
  #idle: (() => void)[] = [];
  #isScheduled = false;
  #isDue = false;
  /** Operations on their way, lately. */
  #crowd = 0;
  #enough = FEWEST_ENOUGH;

  constructor(writer: Writer, hooks: CommitGroupHooks) {
    this.#writer = writer;
    this.#hooks = hooks;
  }

  enqueue<T>(operations: Pending[], decide: Decide<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      operations.push({ decide, resolve, reject });
      this.#schedule();
    });
  }

  enqueueBetween<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#between.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      this.#schedule();
    });
  }

  settled(): Promise<void> {
    if (this.#inFlight.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    while (this.#inFlight.length > 0 || this.#isWaiting()) {
      this.#flush();
      await this.settled();
    }
    await this.#writer.close();
  }

  #isWaiting(): boolean {
    return this.pending.length + this.last.length + this.#between.length > 0;
  }

  #schedule(): void {
    if (this.#inFlight.length >= MOST_BATCHES) return;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#flush();
      });
    }
    if (this.#isDue || this.pending.length + this.last.length < this.#enough) return;
    this.#isDue = true;
    // Behind what this call does yet: a take that a new job is offered to joins its batch.
    queueMicrotask(() => {
      this.#isDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#between.length > 0) {
      if (this.#inFlight.length > 0) return;
      for (const work of this.#between.splice(0)) work();
    }
    if (this.#inFlight.length >= MOST_BATCHES || this.pending.length + this.last.length === 0) return;
    const next = [...this.pending.splice(0, LARGEST_GROUP), ...this.last.splice(0, LARGEST_GROUP)];
    const group = this.#decide(next);
    const written = group.filter(({ draft }) => draft.writes.length > 0);
    const batch: Batch = { group, written, failures: written.length === 0 ? [] : undefined };
    this.#inFlight.push(batch);
    this.#measureCrowd();
    if (batch.failures) this.#settle();
    else this.#write(batch);
    if (this.#isWaiting()) this.#schedule();
  }

  #measureCrowd(): void {
    let onTheirWay = this.pending.length + this.last.length;
    for (const { group } of this.#inFlight) onTheirWay += group.length;
    this.#crowd += (onTheirWay - this.#crowd) / REMEMBERED_BATCHES;
    this.#enough = Math.min(MOST_ENOUGH, Math.max(FEWEST_ENOUGH, this.#crowd * ENOUGH_PART));
  }

  #write(batch: Batch): void {
    const operations = batch.written.map(({ draft }) => draft);
    this.#writer.write(operations, (failures) => {
      batch.failures = failures;
      this.#settle();
    });
  }

  #decide(operations: readonly Pending[]): Decided[] {
    const decided: Decided[] = [];
    for (const one of operations) {
      const draft = new Draft(this.overlay);
      try {
        const { decide, resolve, reject } = one;
        decided.push({ decide, resolve, reject, draft, value: decide(draft, this.overlay) });
      } catch (error) {
        one.reject(error);
      }
    }
    return decided;
  }

  /** In the order in which they were decided. */
  #settle(): void {
    for (let batch = this.#inFlight[0]; batch?.failures; batch = this.#inFlight[0]) {
      this.#inFlight.shift();
      if (batch.failures.length > 0) this.#afterFailure(batch, batch.failures);
      else this.#answer(batch);
    }
    if (this.#isWaiting()) this.#schedule();
    const waking = this.#idle;
    this.#idle = [];
    for (const wake of waking) wake();
  }

  #answer({ group }: Batch): void {
    for (const { draft } of group) draft.leave(this.#hooks.keep);
    for (const { value, resolve } of group) resolve(value as never);
  }

  #afterFailure({ group, written }: Batch, failures: readonly WriteFailure[]): void {
    const failed = new Map(failures.map((failure) => [written[failure.index], failure]));
    for (const one of group) {
      if (failed.has(one)) one.draft.onFailed?.();
      else one.draft.leave(this.#hooks.keep);
    }
    for (const one of group) {
      const failure = failed.get(one);
      if (failure) one.reject(errorOf(failure));
      else one.resolve(one.value as never);
    }
    this.#decideAnew();
  }

  /** What was decided on top of something that was not written; the writer writes none of it. */
  #decideAnew(): void {
    const rest = this.#inFlight.splice(0);
    for (const { group } of rest) for (const { draft } of group) draft.onFailed?.();
    this.pending.unshift(...rest.flatMap(({ group }) => group));
    this.overlay = emptyOverlay();
    this.#writer.goOn();
    this.#hooks.afterFailure();
  }
}

/** As SQLite's own error would be, which tells a full disk from a mistake of ours. */
function errorOf({ message, code, errcode }: WriteFailure): Error {
  return Object.assign(new Error(message), { code, errcode });
}
