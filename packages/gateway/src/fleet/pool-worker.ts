import type { Clock } from '@spillway/sdk/clock';
import type { WorkerExit, WorkerHandle } from './backend.ts';
import { NEVER_RAN } from './worker-exit.ts';

/**
 * The presence of a worker that the gateway did not start: it is there while it holds a request open or calls, and gone
 * when it has been silent for so long. Nothing can be done to it but to give it no jobs.
 */
export interface PoolWorker extends WorkerHandle {
  /** The key with which it came; nobody with another key may speak for it. */
  readonly keyId: string | undefined;
  /** Last sign of life. */
  readonly lastSeenAt: number;
  readonly client: PoolClient;
  /** It called. */
  see(client?: PoolClient): void;
  /** It holds a request open, until the returned function is called. */
  hold(): () => void;
  /** It said goodbye: a short silence is its end now. Any further call takes that back. */
  leave(): void;
  /** The gateway stops and waits for it no longer; its jobs stay its own. */
  release(): void;
}

/** Who calls, as far as the call tells. */
export interface PoolClient {
  /** IP address. */
  readonly remoteAddress?: string;
  /** Such as `RunPod-Python-SDK/1.12.0`. */
  readonly software?: string;
}

export interface PoolWorkerOptions {
  readonly id: string;
  readonly keyId: string | undefined;
  readonly clock: Clock;
  /** Silence after which it is gone. */
  readonly silenceMs: number;
}

/** A worker that said goodbye may still have a report under way. */
const GOODBYE_MS = 1_000;
/**
 * A drained worker has a poll open at nearly every moment. When none is open for so long its process has ended, and
 * whoever comes under its id then has been started anew and may work.
 */
const DRAINED_SILENCE_MS = 2_000;

/** Nearly every call tells what the ones before it told. */
function isNews({ remoteAddress, software }: PoolClient, known: PoolClient): boolean {
  return (
    (remoteAddress !== undefined && remoteAddress !== known.remoteAddress) ||
    (software !== undefined && software !== known.software)
  );
}

export function createPoolWorker(options: PoolWorkerOptions): PoolWorker {
  const { id, keyId, clock } = options;
  let { silenceMs } = options;
  let client: PoolClient = {};
  let lastSeenAt = clock.now();
  let isLeaving = false;
  let isReleased = false;
  let holds = 0;
  let rethink = new AbortController();

  function see(): void {
    lastSeenAt = clock.now();
    isLeaving = false;
  }

  async function untilSilent(): Promise<WorkerExit> {
    for (;;) {
      if (isReleased) return NEVER_RAN;
      const allowedMs = isLeaving ? Math.min(GOODBYE_MS, silenceMs) : silenceMs;
      const restMs = (holds > 0 ? clock.now() : lastSeenAt) + allowedMs - clock.now();
      if (restMs <= 0) break;
      await clock.sleep(restMs, rethink.signal);
    }
    const problem = isLeaving ? 'said goodbye' : `gave no sign of life for ${silenceMs / 1000} s`;
    return { ...NEVER_RAN, problem };
  }

  /** Has the loop look again at once, since it may wait for less now. */
  function wake(): void {
    rethink.abort();
    rethink = new AbortController();
  }

  return {
    id,
    keyId,
    exited: untilSilent(),
    get lastSeenAt() {
      return holds > 0 ? clock.now() : lastSeenAt;
    },
    get client() {
      return client;
    },
    see(caller) {
      if (caller && isNews(caller, client)) client = { ...client, ...caller };
      see();
    },
    hold() {
      holds += 1;
      return () => {
        holds -= 1;
        lastSeenAt = clock.now();
      };
    },
    leave() {
      isLeaving = true;
      wake();
    },
    release() {
      isReleased = true;
      wake();
    },
    terminate() {
      silenceMs = Math.min(silenceMs, DRAINED_SILENCE_MS);
      wake();
    },
    kill: () => {},
  };
}
