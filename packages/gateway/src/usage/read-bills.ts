import type { Clock } from '@spillway/sdk/clock';
import { microsOf } from './money.ts';
import { DAY_MS, dayOf, periodStart } from './periods.ts';
import type { BilledHour, BillStore } from './sqlite/bill-store.ts';

/**
 * Reads what RunPod bills for the endpoints that jobs spill over to, and for their volumes, again and again, since it
 * corrects itself: hours are replaced, never added to. An hour counts once it is over for a while, so that a bill that lags
 * does not look like one that is small.
 */
export interface BillAccount {
  /** All records of the account, by hour. */
  read(from: number, until: number, signal: AbortSignal): Promise<readonly BillRecord[]>;
  /** What is billed, and the endpoint here that shows the line of each. */
  remotes(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

export interface BillRecord {
  /** Of what; `volumeBill(id)` for a network volume. */
  readonly id: string;
  /** RFC 3339. */
  readonly startTime: string;
  /** US dollars. */
  readonly totalAmount: number;
}

export interface BillReaderOptions {
  readonly accounts: readonly BillAccount[];
  readonly store: Pick<BillStore, 'known' | 'replace'>;
  readonly clock: Clock;
  /** Bills, or the time, may have changed the endpoints' lines. */
  readonly onLook: () => Promise<void>;
  /** Told once until it changes. */
  readonly onProblem: (message: string) => void;
}

const HOUR_MS = 3_600_000;
const SETTLED_AFTER_MS = HOUR_MS;
const READ_EVERY_MS = 15 * 60_000;
const LOOK_EVERY_MS = 60_000;
const CORRECTED_WITHIN_DAYS = 3;
/** Once a day all that RunPod may still correct is read. */
const DEEP_DAYS = 35;

export function createBillReader(options: BillReaderOptions) {
  const { accounts, clock, onLook, onProblem } = options;
  const stopping = new AbortController();
  const problems = new Map<BillAccount, string>();
  let readAt = Number.NEGATIVE_INFINITY;
  let deepDay = -1;
  let loop: Promise<void> | undefined;

  async function readAll(): Promise<void> {
    const now = clock.now();
    const isDeep = dayOf(now) !== deepDay;
    readAt = now;
    for (const account of accounts) {
      try {
        await readAccount(account, options, isDeep, stopping.signal);
        problems.delete(account);
      } catch (error) {
        if (stopping.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        if (problems.get(account) !== message) onProblem(message);
        problems.set(account, message);
      }
    }
    deepDay = dayOf(now);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (accounts.length > 0 && clock.now() - readAt >= READ_EVERY_MS) await readAll();
      await onLook().catch((error: unknown) => onProblem(String(error)));
      await clock.sleep(LOOK_EVERY_MS, stopping.signal);
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

async function readAccount(
  account: BillAccount,
  { store, clock }: BillReaderOptions,
  isDeep: boolean,
  signal: AbortSignal,
): Promise<void> {
  const remotes = await account.remotes(signal);
  if (remotes.size === 0) return;
  const now = clock.now();
  const until = Math.floor((now - SETTLED_AFTER_MS) / HOUR_MS) * HOUR_MS;
  const dayStart = (at: number) => dayOf(at) * DAY_MS;
  const firstFrom = Math.min(periodStart(now, 'month'), dayStart(now - CORRECTED_WITHIN_DAYS * DAY_MS));
  const againFrom = dayStart(now - (isDeep ? DEEP_DAYS : CORRECTED_WITHIN_DAYS) * DAY_MS);
  const starts = new Map(
    [...remotes.keys()].map((remote) => {
      const known = store.known(remote);
      // Without a gap, however long nothing was read.
      return [remote, known ? Math.max(known.since, Math.min(againFrom, known.until)) : firstFrom];
    }),
  );
  const earliest = Math.min(...starts.values());
  if (until <= earliest) return;
  const hours = hoursOf(await account.read(earliest, until, signal), until);
  for (const [remoteEndpoint, endpoint] of remotes) {
    const from = starts.get(remoteEndpoint) ?? earliest;
    const own = (hours.get(remoteEndpoint) ?? []).filter(({ at }) => at >= from);
    if (until > from) await store.replace({ remoteEndpoint, endpoint, from, until, hours: own });
  }
}

/** By endpoint. Records that tell of the same hour are parts of it. */
function hoursOf(records: readonly BillRecord[], until: number): ReadonlyMap<string, readonly BilledHour[]> {
  const sums = new Map<string, Map<number, number>>();
  for (const { id, startTime, totalAmount } of records) {
    const at = Math.floor(Date.parse(startTime) / HOUR_MS) * HOUR_MS;
    if (Number.isNaN(at) || !Number.isFinite(totalAmount))
      throw new Error("RunPod's bill has an hour without a time or an amount; it is not counted");
    if (at >= until) continue;
    const ofEndpoint = sums.get(id) ?? new Map<number, number>();
    ofEndpoint.set(at, (ofEndpoint.get(at) ?? 0) + totalAmount);
    sums.set(id, ofEndpoint);
  }
  return new Map(
    [...sums].map(([id, byHour]) => [
      id,
      [...byHour].map(([at, dollars]) => ({ at, micros: microsOf(dollars) })),
    ]),
  );
}
