import { pricedPools, RUNPOD_POOLS, type RunPodPool } from '../fleet/gpu/runpod-pools.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { MICROS } from './money.ts';
import { dayOf, dayText } from './periods.ts';

/** What an hour of one worker costs, and how that is known. */
export interface Price {
  /** `ADA_24`, `2 × ADA_24`; `local` and `pool` for workers that RunPod does not bill. */
  readonly class: string;
  /** Millionths of a dollar. */
  readonly microsPerHour: number;
  readonly asOf?: string;
  readonly source: string;
}

/** `prices` of spillway.yaml, in millionths of a dollar an hour. */
export interface PriceSettings {
  /** A worker on this machine. */
  readonly local: number;
  /** A worker that connects by itself. */
  readonly pool: number;
  /** Pools of RunPod whose price is another than the table's. */
  readonly runpod: Readonly<Record<string, number>>;
}

export const NO_PRICES: PriceSettings = { local: 0, pool: 0, runpod: {} };

export const POOL_NAMES: readonly string[] = RUNPOD_POOLS.map(({ id }) => id);

export type PriceBook = ReturnType<typeof createPriceBook>;

const OWN = 'spillway.yaml';
const HOUR_S = 3_600;

/**
 * The price table with RunPod's catalogue above it, where that was read, and above both what the file says. A price that
 * nobody told is undefined, never guessed.
 */
export function createPriceBook(
  settings: PriceSettings,
  catalogue: () => Catalogue | undefined = () => undefined,
) {
  const here = (name: 'local' | 'pool'): Price => ({
    class: name,
    microsPerHour: settings[name],
    source: settings[name] === 0 ? 'nothing, unless spillway.yaml says otherwise' : OWN,
  });

  function runpod(pool: string | undefined, count = 1): Price | undefined {
    const found = RUNPOD_POOLS.find(({ id }) => id === pool);
    if (!found) return undefined;
    const { microsPerHour, ...origin } = cardPrice(found, settings.runpod[found.id], catalogue());
    return {
      ...origin,
      class: count === 1 ? found.id : `${count} × ${found.id}`,
      microsPerHour: microsPerHour * count,
    };
  }

  return {
    local: here('local'),
    pool: here('pool'),
    runpod,
    /** RunPod's pools at the prices that are known of RunPod itself, whatever the file says. */
    pools: (): readonly RunPodPool[] => poolsBy(catalogue()),
    /** All that is known: workers of our own, then RunPod's pools. */
    list: (): readonly Price[] => [
      here('local'),
      here('pool'),
      ...POOL_NAMES.flatMap((pool) => runpod(pool) ?? []),
    ],
  };
}

/** Of one card. */
function cardPrice(pool: RunPodPool, own: number | undefined, catalogue: Catalogue | undefined) {
  if (own !== undefined) return { microsPerHour: own, source: OWN };
  const live = catalogue?.pools[pool.id];
  if (catalogue && live !== undefined) return { microsPerHour: live, ...originOf(catalogue) };
  // A price for a second has six decimals at most.
  return { microsPerHour: Math.round(pool.flexPerSecond * MICROS) * HOUR_S, ...pool.price };
}

const originOf = ({ readAt }: Catalogue) => ({ asOf: dayText(dayOf(readAt)), source: "RunPod's catalogue" });

/** The table's pools, with the catalogue's prices where it has them. */
export function poolsBy(catalogue: Catalogue | undefined): readonly RunPodPool[] {
  return catalogue ? pricedPools(catalogue.pools, originOf(catalogue)) : RUNPOD_POOLS;
}
