import type { EstimatedPlace, EstimateView } from '@spillway/protocol/v1';
import {
  type BackendKind,
  type Endpoint,
  remotesOf,
  startsWorkers,
  takesPoolWorkers,
} from '../endpoints/endpoint.ts';
import { remoteWorkerId } from '../remote/remote-worker.ts';
import { estimatePlace, mixPlaces } from './estimate.ts';
import { DAY_MS, dayOf } from './periods.ts';
import type { Price, PriceBook } from './prices.ts';
import type { ReadAside } from './sqlite/read-aside.ts';
import { COMPLETED, DAY_SUMS, LAST_TIMES, PLACE_SUMS } from './sqlite/usage-queries.ts';

/** One place where jobs of an endpoint may run, with what one worker there costs. */
interface Place {
  readonly place: EstimatedPlace['place'];
  readonly kinds: readonly BackendKind[];
  readonly remoteEndpoint?: string;
  readonly atOnce: number;
  /** Undefined: not known. */
  readonly price: Price | undefined;
  /** Attempts without a price are its. */
  readonly hasFree: boolean;
}

const LATEST = 1_000;
const LOOK_BACK_DAYS = 30;

interface Asked {
  readonly endpoint: Endpoint;
  readonly jobs: number;
  /** How many workers connected by themselves. */
  readonly connected: number;
}

/** What jobs would cost and take: in every place where they may run, and as they were spread over these. */
export async function estimateJobs(
  asked: Asked,
  given: {
    readonly read: ReadAside;
    readonly prices: PriceBook;
    readonly now: number;
    /** What RunPod billed beside each attempt, where its bill is known. */
    readonly billedBeside: (endpoint: string) => number | undefined;
  },
): Promise<EstimateView> {
  const { endpoint, jobs } = asked;
  const { read, now } = given;
  const since = (dayOf(now) - LOOK_BACK_DAYS) * DAY_MS;
  const found = await Promise.all(
    placesOf(asked, given.prices).map((place) =>
      readPlace(read, place, asked, { since, billedBeside: given.billedBeside(endpoint.name) }),
    ),
  );
  const [row] = await read(COMPLETED, [since, now + 1, endpoint.name, null, null, null]);
  const all = Number(row?.completed ?? 0);
  const priced = found.reduce((total, { completed }) => total + completed, 0);
  const places = found.map(({ hasFree, completed, estimate }) => {
    const results = completed + (hasFree ? Math.max(0, all - priced) : 0);
    return { ...estimate, ...(all === 0 ? {} : { share: results / Math.max(all, priced) }) };
  });
  return { endpoint: endpoint.name, jobs, places, mix: mixPlaces(places) };
}

function placesOf({ endpoint, connected }: Asked, prices: PriceBook): readonly Place[] {
  const kinds = endpoint.backends.filter((kind) => kind !== 'runpod');
  const started = startsWorkers(endpoint) ? endpoint.workers.max : 0;
  const joined = takesPoolWorkers(endpoint) ? connected : 0;
  const isOneHere =
    !(startsWorkers(endpoint) && takesPoolWorkers(endpoint)) ||
    prices.local.microsPerHour === prices.pool.microsPerHour;
  const local: Omit<Place, 'kinds' | 'atOnce'> = {
    ...{ place: 'local', price: prices.local, hasFree: prices.local.microsPerHour === 0 },
  };
  const pool: Omit<Place, 'kinds' | 'atOnce'> = {
    ...{ place: 'pool', price: prices.pool, hasFree: prices.pool.microsPerHour === 0 },
  };
  const one = startsWorkers(endpoint) ? prices.local : prices.pool;
  const here: readonly Place[] = isOneHere
    ? [{ place: 'local', kinds, atOnce: started + joined, price: one, hasFree: true }]
    : [
        { ...local, kinds: kinds.filter((kind) => kind !== 'pool'), atOnce: started },
        { ...pool, kinds: ['pool'], atOnce: joined },
      ];
  const there = remotesOf(endpoint).map((remote): Place => {
    const { endpointId, gpuPool, gpuCount, maxInFlight } = remote;
    return {
      ...{ place: 'runpod', kinds: ['runpod'], remoteEndpoint: endpointId, atOnce: maxInFlight },
      ...{ price: prices.runpod(gpuPool, gpuCount), hasFree: false },
    };
  });
  return kinds.length === 0 ? there : [...here, ...there];
}

async function readPlace(
  read: ReadAside,
  place: Place,
  { endpoint, jobs }: Asked,
  { since, billedBeside }: { readonly since: number; readonly billedBeside: number | undefined },
) {
  const { kinds, remoteEndpoint, hasFree, atOnce, price } = place;
  const { name, executionTimeoutMs } = endpoint;
  const prefix = remoteEndpoint === undefined ? null : remoteWorkerId(remoteEndpoint, '');
  const which = [name, JSON.stringify(kinds), prefix];
  const [times, [sums], [days]] = await Promise.all([
    read(LAST_TIMES, [...which, hasFree ? 1 : 0, LATEST]),
    read(PLACE_SUMS, [...which, since]),
    hasFree ? read(DAY_SUMS, [name, dayOf(since)]) : [],
  ]);
  const completed = Number(sums?.completed ?? 0);
  const measured = {
    times: times.map(({ ms }) => Number(ms)),
    older: { attempts: Number(days?.attempts ?? 0), ms: Number(days?.ms ?? 0) },
    ...(remoteEndpoint === undefined || completed === 0
      ? {}
      : { secondsPerResult: Number(sums?.seconds) / completed }),
  };
  const estimate = estimatePlace({
    ...{ place: place.place, remoteEndpoint, jobs, measured, atOnce, executionTimeoutMs, price },
    ...(remoteEndpoint === undefined ? {} : { billedBeside }),
  });
  return { hasFree, completed, estimate };
}
