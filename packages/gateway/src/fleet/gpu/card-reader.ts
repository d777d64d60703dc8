import type { Clock } from '@spillway/sdk/clock';
import type { CardReading } from './card.ts';

/**
 * The machine's cards as they were looked at last. Nothing is looked at for its own sake: whoever decides by a reading
 * says how old it may be, and callers at the same time share one look.
 */
export interface CardReader {
  /** Undefined before the first look. */
  readonly latest: CardReading | undefined;
  /** A reading made after this time, or the last one while it makes no sense to ask again. */
  read(newerThan: number): Promise<CardReading>;
  /** Ends a look that goes on. */
  stop(): void;
}

export interface CardReaderOptions {
  readonly clock: Clock;
  readonly read: (signal: AbortSignal) => Promise<CardReading>;
}

/** A machine without cards, or with a driver in trouble, is not asked again sooner. */
const RETRY_AFTER_FAILURE_MS = 60_000;

export function createCardReader({ clock, read }: CardReaderOptions): CardReader {
  const stopped = new AbortController();
  let latest: CardReading | undefined;
  let failedAt: number | undefined;
  let going: Promise<CardReading> | undefined;

  async function look(): Promise<CardReading> {
    const reading = await read(stopped.signal);
    const hasFailed = reading.cards.length === 0;
    failedAt = hasFailed ? clock.now() : undefined;
    // Cards that were there don't vanish: workers run on them while the driver's tool is in trouble.
    const isLost = hasFailed && latest !== undefined && latest.cards.length > 0;
    latest = isLost && latest ? withProblem(latest, reading.problem) : reading;
    return latest;
  }

  return {
    get latest() {
      return latest;
    },
    async read(newerThan) {
      const isEnough = () =>
        latest !== undefined &&
        (latest.readAt > newerThan ||
          (failedAt !== undefined && clock.now() - failedAt < RETRY_AFTER_FAILURE_MS));
      // A look that others began may have been too early for this caller.
      if (going !== undefined && !isEnough()) await going;
      if (latest !== undefined && isEnough()) return latest;
      going ??= look().finally(() => {
        going = undefined;
      });
      return going;
    },
    stop: () => stopped.abort(),
  };
}

function withProblem({ problem: _, ...reading }: CardReading, problem: string | undefined): CardReading {
  return problem === undefined ? reading : { ...reading, problem };
}
