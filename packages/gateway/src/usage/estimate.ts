import type { EstimatedPlace, EstimateView } from '@spillway/protocol/v1';
import { type Endpoint, startsWorkers, takesPoolWorkers } from '../endpoints/endpoint.ts';
import { chargedSeconds, costOf } from './money.ts';
import { dayOf } from './periods.ts';
import type { Price, PriceBook } from './prices.ts';
import { DAY_SUMS, LAST_TIMES, REMOTE_SUMS } from './sqlite/usage-queries.ts';
import type { ReadAside } from './usage-report.ts';

/** What was measured of an endpoint's attempts in one place. */
export interface Measured {
  /** Milliseconds of the last ones that brought a result. */
  readonly times: readonly number[];
  /** Older ones of which only sums are left. */
  readonly older?: { readonly attempts: number; readonly ms: number };
  /** Charged seconds that one result took, those of failed attempts among them; absent: as the times say. */
  readonly secondsPerResult?: number | undefined;
}

const LATEST = 1_000;
const LOOK_BACK_DAYS = 30;
/** Of fewer, a 95th of 100 says nothing. */
const FEWEST_FOR_SPREAD = 5;

/** What a number of jobs would cost and take, all in one place. Rests on what was measured, and says where nothing was. */
export function estimatePlace(input: {
  readonly place: EstimatedPlace['place'];
  readonly jobs: number;
  readonly measured: Measured;
  readonly atOnce: number;
  readonly executionTimeoutMs: number;
  /** Undefined: not known. */
  readonly price: Price | undefined;
}): EstimatedPlace {
  const { place, jobs, measured, atOnce, price } = input;
  const { times, older = { attempts: 0, ms: 0 } } = measured;
  const attempts = times.length + older.attempts;
  const base = {
    ...{ place, measuredAttempts: attempts, atOnce },
    ...(price ? { priceClass: price.class, microsPerHour: price.microsPerHour } : {}),
  };
  const notes = notesOf(place, attempts, price, atOnce);
  const most = price && {
    mostMicros: jobs * costOf(chargedSeconds(input.executionTimeoutMs), price.microsPerHour),
  };
  if (attempts === 0) return { ...base, ...most, notes };
  const meanMs = Math.round((sum(times) + older.ms) / attempts);
  const sorted = times.toSorted((a, b) => a - b);
  const spread =
    sorted.length >= FEWEST_FOR_SPREAD ? { p50Ms: at(sorted, 0.5), p95Ms: at(sorted, 0.95) } : {};
  const meanSeconds = (sum(times.map(chargedSeconds)) + chargedSeconds(older.ms)) / attempts;
  const seconds = measured.secondsPerResult ?? meanSeconds;
  const costs = price && {
    expectedMicros: costOf(Math.ceil(seconds * jobs), price.microsPerHour),
    ...(spread.p95Ms === undefined
      ? {}
      : { highMicros: jobs * costOf(chargedSeconds(spread.p95Ms), price.microsPerHour) }),
  };
  const rounds = Math.ceil(jobs / Math.max(1, atOnce));
  return {
    ...{ ...base, meanMs, ...spread },
    ...(atOnce === 0 ? {} : { durationMs: rounds * meanMs }),
    ...{ ...costs, ...most, notes },
  };
}

function notesOf(place: EstimatedPlace['place'], attempts: number, price: Price | undefined, atOnce: number) {
  const notes: string[] = [];
  if (attempts === 0) notes.push('nothing was measured there yet: run a few jobs first');
  if (place === 'runpod') {
    if (price)
      notes.push('RunPod also bills the start-up and idle time of its workers, which is not in this');
    else notes.push('the price is not known: add `gpuPool` to the `runpod` backend in spillway.yaml');
  } else if (price && price.microsPerHour > 0) {
    notes.push('workers here also cost while they start and idle, which is not in this');
  }
  if (atOnce === 0) notes.push('no worker may run there now');
  return notes;
}

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
const at = (sorted: readonly number[], part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;

/** Every place where jobs of the endpoint may run. */
export async function estimateJobs(
  {
    endpoint,
    jobs,
    connected,
  }: { readonly endpoint: Endpoint; readonly jobs: number; readonly connected: number },
  { read, prices, now }: { readonly read: ReadAside; readonly prices: PriceBook; readonly now: number },
): Promise<EstimateView> {
  const { name, remote, executionTimeoutMs, workers } = endpoint;
  const since = dayOf(now) - LOOK_BACK_DAYS;
  const timesOf = async (isRemote: 0 | 1) =>
    (await read(LAST_TIMES, [name, isRemote, LATEST])).map(({ ms }) => Number(ms));
  const places: EstimatedPlace[] = [];
  const hasLocal = endpoint.backends.some((kind) => kind !== 'runpod');
  if (hasLocal) {
    const [row] = await read(DAY_SUMS, [name, since]);
    const older = { attempts: Number(row?.attempts ?? 0), ms: Number(row?.ms ?? 0) };
    const atOnce = (startsWorkers(endpoint) ? workers.max : 0) + (takesPoolWorkers(endpoint) ? connected : 0);
    const price = startsWorkers(endpoint) ? prices.local : prices.pool;
    const measured = { times: await timesOf(0), older };
    places.push(estimatePlace({ place: 'local', jobs, measured, atOnce, executionTimeoutMs, price }));
  }
  if (remote) {
    const [row] = await read(REMOTE_SUMS, [name, since * 86_400_000]);
    const completed = Number(row?.completed ?? 0);
    const secondsPerResult = completed === 0 ? undefined : Number(row?.seconds) / completed;
    const measured = { times: await timesOf(1), secondsPerResult };
    const price = prices.runpod(remote.gpuPool, remote.gpuCount);
    const atOnce = remote.maxInFlight;
    places.push(estimatePlace({ place: 'runpod', jobs, measured, atOnce, executionTimeoutMs, price }));
  }
  return { endpoint: name, jobs, places };
}
