import { type MessagePort, parentPort, type Transferable, workerData } from 'node:worker_threads';
import { InputError } from '../media/input-error.ts';
import { adoptGate } from './native-gate.ts';
import type { FromThread, ThreadFailure, ThreadStart, ToThread } from './thread-messages.ts';
import { UnusablePartError } from './unusable-part-error.ts';

/**
 * The inside of an inference thread: sets itself up, says that it is ready, then answers one request at a time. It owns
 * no queue; the pool on the main thread sends the next request only after the answer to the last.
 */
export interface RequestContext {
  /** Aborted when the caller no longer wants the answer; seen between two stages, since a run blocks the thread. */
  readonly signal: AbortSignal;
  progress(value: unknown): void;
}

export interface ServiceContext extends RequestContext {
  /** Names buffers of the reply that go to the main thread instead of being copied there. */
  transfer(buffers: readonly Transferable[]): void;
}

export interface ThreadService {
  /** Told to the pool once, with the ready message. */
  readonly info: unknown;
  run(request: unknown, context: ServiceContext): Promise<unknown>;
  /**
   * Does once what makes the first request slow: before the thread is ready, or when it has been idle for a moment after
   * its start, since a worker that was started because a job waits would only answer that job later. The signal aborts
   * when one comes.
   */
  warmUp?(signal: AbortSignal): Promise<void>;
}

/** Longer than a waiting job takes to arrive once the worker is ready. */
const IDLE_BEFORE_WARM_UP_MS = 500;

/** Called once by the entry file of a thread, with what makes the service out of the pool's `data`. */
export async function serveThread(setUp: (data: unknown) => Promise<ThreadService>): Promise<void> {
  const port = parentPort;
  if (port === null) {
    throw new Error('This file is the entry of an inference thread; start it through a ThreadPool.');
  }
  const { data, warmUp } = (workerData as ThreadStart | null) ?? (await receiveStart(port));
  const send = (message: FromThread, transfer: readonly Transferable[] = []) =>
    port.postMessage(message, [...transfer]);
  const running = new Map<number, AbortController>();
  const service = await setUpWarm(setUp, data, warmUp === 'ready').catch((error: unknown) => {
    const part = error instanceof UnusablePartError ? { part: error.part } : {};
    send({ kind: 'unusable', message: error instanceof Error ? error.message : String(error), ...part });
    return undefined;
  });
  if (service === undefined) {
    return;
  }

  const answer = async (id: number, request: unknown) => {
    const controller = new AbortController();
    running.set(id, controller);
    const transfers: Transferable[] = [];
    const context: ServiceContext = {
      signal: controller.signal,
      progress: (value) => send({ kind: 'progress', id, value }),
      transfer: (buffers) => void transfers.push(...buffers),
    };
    try {
      const reply = await service.run(request, context);
      send({ kind: 'done', id, reply }, transfers);
    } catch (error) {
      send({ kind: 'failed', id, failure: describeFailure(error) });
    } finally {
      running.delete(id);
    }
  };

  const stopWarmUp = warmUp === 'idle' ? warmUpWhenIdle(service) : () => undefined;
  port.on('message', (message: ToThread) => {
    stopWarmUp();
    if (message.kind === 'run') {
      void answer(message.id, message.request);
    } else if (message.kind === 'cancel') {
      running.get(message.id)?.abort();
    }
  });
  send({ kind: 'ready', info: service.info });
}

/** What a spare thread is to run. Nothing else is sent to it before it says that it is ready. */
function receiveStart(port: MessagePort): Promise<ThreadStart> {
  return new Promise((resolve) => {
    port.once('message', (message: ToThread) => {
      if (message.kind !== 'start') return;
      adoptGate(message.start.gate);
      resolve(message.start);
    });
  });
}

async function setUpWarm(
  setUp: (data: unknown) => Promise<ThreadService>,
  data: unknown,
  isWarm: boolean,
): Promise<ThreadService> {
  const service = await setUp(data);
  if (isWarm) {
    await service.warmUp?.(new AbortController().signal);
  }
  return service;
}

/** @returns what calls it off, or stops it at its next step. */
function warmUpWhenIdle(service: ThreadService): () => void {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    // What is wrong with the model fails the first request too, where somebody reads it.
    service.warmUp?.(controller.signal).catch(() => undefined);
  }, IDLE_BEFORE_WARM_UP_MS);
  return () => {
    clearTimeout(timer);
    controller.abort();
  };
}

function describeFailure(error: unknown): ThreadFailure {
  if (!(error instanceof Error)) {
    return { message: String(error), isInputError: false };
  }
  const isInputError = error instanceof InputError;
  return {
    message: error.message,
    isInputError,
    ...(isInputError || error.stack === undefined ? {} : { stack: error.stack }),
  };
}
