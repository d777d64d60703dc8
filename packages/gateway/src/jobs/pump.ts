import { createServeTaker, type ServeOptions } from './serve-taker.ts';
import type { Taker } from './taker-line.ts';

export interface PumpOptions extends ServeOptions {
  /** The store failed (a full disk, say). The takers wait on, and the pump tries again when this resolves. */
  readonly onFailure: (error: unknown) => Promise<void>;
}

/** Brings ready jobs and waiting takers together, one pump at a time for each endpoint. */
export function createPump(options: PumpOptions) {
  const { queue, line, work, paused, onFailure } = options;
  const serve = createServeTaker(options);
  const pumping = new Map<string, Promise<void>>();
  let openOffers = 0;
  let onOffersOver: (() => void) | undefined;

  function endOffer(): void {
    openOffers -= 1;
    if (openOffers === 0) onOffersOver?.();
  }

  const offersOver = () =>
    new Promise<void>((resolve) => {
      onOffersOver = resolve;
      if (openOffers === 0) resolve();
    });

  /** A worker that runs a suspect runs it alone. */
  const isEligible = (taker: Taker) => !queue.held.hasSuspect(taker.workerId);

  async function pump(endpoint: string): Promise<void> {
    // Those who found nothing for them since a job last moved: busy ones where only suspects wait. Others behind them
    // in the line may have free hands.
    const inVain = new Set<Taker>();
    while (work.has(endpoint) && !paused.has(endpoint)) {
      const { ready } = queue.counts(endpoint);
      const takers = line.first(endpoint, ready, (taker) => isEligible(taker) && !inVain.has(taker));
      if (takers.length === 0) return;
      // Several at once, since their takes share one commit.
      for (const taker of takers) line.leave(taker);
      const served = await Promise.allSettled(takers.map(serve));
      const failed = served.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      const hasMoved = queue.counts(endpoint).ready !== ready || !takers.every((taker) => line.has(taker));
      if (hasMoved) inVain.clear();
      else for (const taker of takers) inVain.add(taker);
    }
  }

  function startPump(endpoint: string): void {
    if (pumping.has(endpoint) || paused.has(endpoint) || !work.has(endpoint)) return;
    if (line.first(endpoint, 1, isEligible).length === 0) return;
    const seen = work.version(endpoint);
    let hasFailed = false;
    const run = pump(endpoint)
      .catch((error: unknown) => {
        hasFailed = true;
        return onFailure(error);
      })
      .then(() => {
        pumping.delete(endpoint);
        // A change or a taker may have come between the pump's last look and its end.
        if (hasFailed || work.version(endpoint) !== seen) startPump(endpoint);
      });
    pumping.set(endpoint, run);
  }

  /** A ready job is being written, and none waits before it: the take of the first in the line shares its commit. */
  function offer(endpoint: string): void {
    if (paused.has(endpoint) || queue.counts(endpoint).ready > 0) return;
    const [taker] = line.first(endpoint, 1, isEligible);
    if (!taker) return;
    line.leave(taker);
    openOffers += 1;
    // Where it failed the taker is back in its place, and the pump tries again if the job was written after all.
    void serve(taker).then(endOffer, endOffer);
  }

  return { start: startPump, offer, settled: () => Promise.all([...pumping.values(), offersOver()]) };
}
