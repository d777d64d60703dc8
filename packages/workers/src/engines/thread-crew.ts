import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import type { WarmUp } from './engine-settings.ts';
import { InferenceThread } from './inference-thread.ts';
import type { SpareThread } from './spare-thread.ts';

/**
 * Which threads of a pool are alive; the pool owns the requests. One thread is started at first, further ones when asked
 * for. One that dies is replaced. Where there is `quickData`, the first thread is a quick one: it serves at once, and
 * beside it the thread is made that takes its place for good, without a moment in which nobody serves. A crew that had
 * nothing to do for long enough sends its threads home, and with them the memory of their models.
 */
export interface CrewOptions {
  /** Module that calls `serveThread`. */
  readonly entry: URL;
  /** Handed to each thread's set-up; must survive a structured clone. */
  readonly data: unknown;
  /** Handed instead to a first thread that is ready sooner and slower at work. */
  readonly quickData?: unknown;
  /** Becomes the first thread, where it is still free. */
  readonly spare?: SpareThread | undefined;
  /** Most threads at work at once. */
  readonly size: number;
  /** Default `idle`. */
  readonly warmUp?: WarmUp | undefined;
  /** Threads end after this long without a request; undefined keeps them. */
  readonly idleUnloadMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Told what works but worse than it should. */
  readonly warn?: ((message: string) => void) | undefined;
}

export interface CrewListener {
  /** A thread can take a request, or one ended. */
  onChange(): void;
  /** No thread is left, and the last one could not be started, for this reason. */
  onUnusable(reason: Error): void;
}

interface Member {
  readonly thread: InferenceThread;
  readonly isQuick: boolean;
  wasReady: boolean;
}

/** A job that a worker was started for arrives within this time; until then the cores are left to it. */
const QUIET_BEFORE_SUCCESSION_MS = 500;

export class ThreadCrew {
  readonly #options: CrewOptions;
  readonly #listener: CrewListener;
  readonly #clock: Clock;
  readonly #members = new Set<Member>();
  #info: unknown;
  #stopQuiet: (() => void) | undefined;
  #stopUnload: (() => void) | undefined;
  #isSuccessionTried = false;
  #isStopped = false;

  constructor(options: CrewOptions, listener: CrewListener) {
    this.#options = options;
    this.#listener = listener;
    this.#clock = options.clock ?? createSystemClock();
  }

  /** What the thread that was ready last says of itself. */
  get info(): unknown {
    return this.#info;
  }

  /** A thread that can take a request now; the lasting ones come before the quick one. */
  get idle(): InferenceThread | undefined {
    const idle = [...this.#members].filter(({ thread }) => thread.state === 'idle');
    return (idle.find(({ isQuick }) => !isQuick) ?? idle[0])?.thread;
  }

  /** Starts the first thread, if there is none, and resolves with its info when it is ready. */
  start(): Promise<unknown> {
    const [first] = this.#members;
    return (first ?? this.#grow()).thread.ready;
  }

  /** Sees to it that threads come for so many waiting requests, as far as the size allows. */
  provideFor(waiting: number): void {
    if (waiting > 0) this.#keepLoaded();
    const members = [...this.#members];
    const starting = members.filter(({ thread }) => thread.state === 'starting').length;
    if (waiting > starting && members.length < this.#options.size) this.#grow();
  }

  /** To be called when a request was given to a thread. */
  keepBusy(): void {
    this.#keepLoaded();
    this.#stopQuiet?.();
    this.#stopQuiet = undefined;
  }

  cancel(id: number): void {
    for (const { thread } of this.#members) thread.cancel(id);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#keepLoaded();
    this.#stopQuiet?.();
    await Promise.all([...this.#members].map(({ thread }) => thread.stop()));
  }

  #grow(mayBeQuick = true): Member {
    const { entry, data, quickData, warmUp = 'idle' } = this.#options;
    const isQuick = mayBeQuick && quickData !== undefined && this.#members.size === 0;
    // Whoever takes over from a thread that serves is warm when it does.
    const isSuccessor = [...this.#members].some((member) => member.isQuick);
    const thread = new InferenceThread({
      entry,
      start: {
        data: isQuick ? quickData : data,
        warmUp: isSuccessor && warmUp === 'idle' ? 'ready' : warmUp,
      },
      spare: this.#options.spare?.take(),
      onIdle: () => this.#onIdle(member),
      onGone: () => this.#onGone(member),
    });
    const member: Member = { thread, isQuick, wasReady: false };
    this.#members.add(member);
    thread.ready.then(
      (info) => {
        this.#info = info;
      },
      () => undefined,
    );
    return member;
  }

  #onIdle(member: Member): void {
    const isFirstTime = !member.wasReady;
    member.wasReady = true;
    if (member.isQuick) this.#prepareSuccession(isFirstTime);
    else this.#retireQuick();
    this.#listener.onChange();
    this.#unloadWhenIdle();
  }

  /** After the first request, or when none came: what was asked first is answered first. */
  #prepareSuccession(isFirstTime: boolean): void {
    if (this.#isSuccessionTried || this.#members.size > 1) return;
    if (isFirstTime) {
      this.#stopQuiet = this.#clock.timer(QUIET_BEFORE_SUCCESSION_MS, () => this.#prepareSuccession(false));
      return;
    }
    this.#isSuccessionTried = true;
    this.#grow(false);
  }

  #retireQuick(): void {
    for (const { thread, isQuick } of this.#members) {
      if (isQuick) thread.retire();
    }
  }

  #unloadWhenIdle(): void {
    const { idleUnloadMs } = this.#options;
    this.#keepLoaded();
    const isIdle =
      this.#members.size > 0 && [...this.#members].every(({ thread }) => thread.state === 'idle');
    if (idleUnloadMs === undefined || this.#isStopped || !isIdle) return;
    this.#stopUnload = this.#clock.timer(idleUnloadMs, () => {
      for (const { thread } of this.#members) thread.retire();
    });
  }

  #keepLoaded(): void {
    this.#stopUnload?.();
    this.#stopUnload = undefined;
  }

  #onGone(member: Member): void {
    this.#members.delete(member);
    if (this.#isStopped) return;
    const isAlone = this.#members.size === 0;
    if (isAlone) {
      this.#isSuccessionTried = false;
      this.#stopQuiet?.();
    }
    if (!member.wasReady && !member.thread.isRetired) {
      // Nothing is started in its place: the next request tries again.
      this.#reportFailedStart(member, isAlone);
      return;
    }
    if (!member.thread.isRetired && this.#members.size < this.#options.size) this.#grow();
    this.#listener.onChange();
    this.#unloadWhenIdle();
  }

  #reportFailedStart({ thread }: Member, isAlone: boolean): void {
    thread.ready.catch((error: Error) => {
      if (isAlone) this.#listener.onUnusable(error);
      else this.#options.warn?.(`A further inference thread could not be started: ${error.message}`);
    });
  }
}
