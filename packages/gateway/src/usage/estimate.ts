import type { EstimatedPlace, EstimateView } from '@spillway/protocol/v1';
import { chargedSeconds, costOf } from './money.ts';
import type { Price } from './prices.ts';

/** What was measured of an endpoint's attempts in one place. */
export interface Measured {
  /** Milliseconds of the last ones that brought a result. */
  readonly times: readonly number[];
  /** Older ones of which only sums are left. */
  readonly older?: { readonly attempts: number; readonly ms: number };
  /** Charged seconds that one result took, those of failed attempts among them; absent: as the times say. */
  readonly secondsPerResult?: number | undefined;
}

/** Of fewer, a 95th of 100 says nothing. */
const FEWEST_FOR_SPREAD = 5;

/** What a number of jobs would cost and take, all in one place. Rests on what was measured, and says where nothing was. */
export function estimatePlace(input: {
  readonly place: EstimatedPlace['place'];
  /** At RunPod. */
  readonly remoteEndpoint?: string | undefined;
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
    ...(input.remoteEndpoint === undefined ? {} : { remoteEndpoint: input.remoteEndpoint }),
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

/** How a number of jobs would cost, spread over places as results were. */
export function mixPlaces(places: readonly EstimatedPlace[]): Mix {
  const costs = places.flatMap(({ expectedMicros }) => expectedMicros ?? []);
  const isWhole = costs.length === places.length;
  const shared = places.filter(({ share = 0 }) => share > 0);
  const isShared = shared.length > 0 && shared.every(({ expectedMicros }) => expectedMicros !== undefined);
  return {
    ...(isShared
      ? { expectedMicros: Math.round(sum(shared.map((one) => (one.share ?? 0) * (one.expectedMicros ?? 0)))) }
      : {}),
    // What is known of some places says nothing of the others.
    ...(isWhole && costs.length > 0
      ? { cheapestMicros: Math.min(...costs), dearestMicros: Math.max(...costs) }
      : {}),
  };
}

export type Mix = EstimateView['mix'];

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
const at = (sorted: readonly number[], part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
