import type { Clock } from '@spillway/sdk/clock';
import type { Logger } from 'pino';

export interface SweepLoopOptions {
  readonly clock: Clock;
  /** Answers how many went. */
  sweep(): Promise<number>;
  readonly log: Pick<Logger, 'error'>;
}

const EVERY_MS = 60_000;

/** Forgets artifacts whose time is over: once a minute, and on while there are more. */
export function createSweepLoop({ clock, sweep, log }: SweepLoopOptions) {
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const swept = await sweep().catch((error: unknown) => {
        log.error({ err: error }, 'artifacts could not be swept; it is tried again');
        return 0;
      });
      if (swept === 0) await clock.sleep(EVERY_MS, stopping.signal);
    }
  }
  return {
    start(): void {
      loop ??= run();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await loop;
    },
  };
}
