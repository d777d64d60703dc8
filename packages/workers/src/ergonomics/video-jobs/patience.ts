import { ArtifactError, type ArtifactInfo, type ArtifactStore } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';

/**
 * A storage that is away for minutes, such as while its server or the gateway is started again, costs no work of hours:
 * what it did not answer is asked again. Everything that an attempt asks shares one patience, so that a storage that stays
 * away ends it once, and not call by call.
 */
export type Patiently = <T>(work: () => Promise<T>) => Promise<T>;

export interface PatienceOptions {
  readonly clock: Clock;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  readonly log: { warn(message: string): void };
}

export const PATIENCE_MS = 600_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/** @returns what calls its work until it is answered; throws what the work threw where that is nothing to wait for. */
export function createPatience({ clock, signal, log }: PatienceOptions): Patiently {
  let awaySince: number | undefined;
  return async (work) => {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const done = await work();
        awaySince = undefined;
        return done;
      } catch (error) {
        // Whatever else it said, it is there.
        if (!isAway(error)) awaySince = undefined;
        if (signal.aborted || !isAway(error)) throw error;
        if (awaySince === undefined) log.warn(`waiting for the storage: ${error.message}`);
        awaySince ??= clock.now();
        if (clock.now() - awaySince >= PATIENCE_MS) throw error;
        await clock.sleep(pauseMs, signal);
      }
    }
  };
}

export const isAway = (error: unknown): error is ArtifactError =>
  error instanceof ArtifactError && error.code === 'STORAGE_UNAVAILABLE';

/** The same bytes; a connection that breaks off is a storage that is away. */
export async function* arriving(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* stream;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArtifactError('STORAGE_UNAVAILABLE', `the connection to the storage broke off (${reason})`, {
      cause: error,
    });
  }
}

/**
 * A store that is asked again. What is put there has to be iterable once for each try, as `bytesBody` and `fileBody` are. For
 * what it gives its reader has the patience, to the last byte: a storage that only begins to answer is not there.
 */
export function patientStore(store: ArtifactStore, patiently: Patiently): ArtifactStore {
  const { multipart } = store;
  return {
    ...store,
    head: (key) => patiently(() => store.head(key)),
    put: (key, body, description) => patiently(() => store.put(key, body, description)),
    delete: (key) => patiently(() => store.delete(key)),
    async *list(prefix) {
      yield* await patiently(() => listed(store, prefix));
    },
    multipart: {
      ...multipart,
      create: (key, plan) => patiently(() => multipart.create(key, plan)),
      complete: (upload) => patiently(() => multipart.complete(upload)),
      abort: (upload) => patiently(() => multipart.abort(upload)),
    },
  };
}

async function listed(store: ArtifactStore, prefix: string): Promise<ArtifactInfo[]> {
  const found: ArtifactInfo[] = [];
  for await (const one of store.list(prefix)) found.push(one);
  return found;
}
