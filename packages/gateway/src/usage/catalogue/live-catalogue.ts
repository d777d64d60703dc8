import type { Clock } from '@spillway/sdk/clock';
import type { RunpodGpuType } from '@spillway/sdk/runpod';
import { type Catalogue, catalogueOf } from './catalogue.ts';

/**
 * RunPod's catalogue as it was read last: from the disk at the start, from RunPod where it is a day old, and whenever
 * somebody asks for it. One that could not be read again stays in use with its date; without any the price table holds.
 */
export interface CatalogueAccess {
  readonly url: string;
  read(signal: AbortSignal): Promise<readonly RunpodGpuType[]>;
}

export interface LiveCatalogueOptions {
  /** Undefined where no key is known. */
  readonly access: CatalogueAccess | undefined;
  /** Read again by itself, once a day. */
  readonly isDaily: boolean;
  readonly kept: {
    read(): Promise<Catalogue | undefined>;
    write(catalogue: Catalogue): Promise<void>;
  };
  readonly clock: Clock;
  /** Told once until it changes. */
  readonly onProblem: (message: string) => void;
}

export interface CatalogueState {
  readonly catalogue: Catalogue | undefined;
  /** Why it is not newer, where the last try failed. */
  readonly problem: string | undefined;
  /** Whether a key is known with which it can be read. */
  readonly hasKey: boolean;
}

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 3_600_000;

export type LiveCatalogue = ReturnType<typeof createLiveCatalogue>;

export function createLiveCatalogue({ access, isDaily, kept, clock, onProblem }: LiveCatalogueOptions) {
  const stopping = new AbortController();
  let catalogue: Catalogue | undefined;
  let problem: string | undefined;
  let reading: Promise<void> | undefined;
  let loop: Promise<void> | undefined;

  async function readAnew(): Promise<void> {
    if (!access) return;
    try {
      const rows = await access.read(stopping.signal);
      catalogue = catalogueOf(rows, { readAt: clock.now(), url: access.url });
      problem = undefined;
      await kept.write(catalogue);
    } catch (error) {
      if (stopping.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== problem) onProblem(message);
      problem = message;
    }
  }

  /** Those that ask meanwhile wait for the same answer. */
  function refresh(): Promise<void> {
    reading ??= readAnew().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function run(): Promise<void> {
    catalogue ??= await kept.read();
    while (isDaily && access && !stopping.signal.aborted) {
      if (clock.now() - (catalogue?.readAt ?? Number.NEGATIVE_INFINITY) >= DAY_MS) await refresh();
      await clock.sleep(LOOK_EVERY_MS, stopping.signal);
    }
  }

  return {
    current: (): Catalogue | undefined => catalogue,
    state: (): CatalogueState => ({ catalogue, problem, hasKey: access !== undefined }),
    refresh,
    start(): void {
      loop ??= run();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all([loop, reading]);
    },
  };
}
