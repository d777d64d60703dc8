import type { GpuNeed } from '../../endpoints/endpoint.ts';
import { GIGABYTE } from './memory-text.ts';
import { USABLE_SHARE } from './parse-nvidia-smi.ts';

/**
 * RunPod's pools of serverless cards, as data: what is in them (table of card types in its documentation of 2026-02-12;
 * ADA_32_PRO and BLACKWELL_* from its open source client) and what a second costs. Prices change; each says where it is
 * from and of which date, and what RunPod's console shows holds.
 */
export interface RunPodPool {
  /** As endpoints name it (`gpu.pools`, `gpuIds`). */
  readonly id: string;
  readonly cards: readonly string[];
  /** Gigabytes of its smallest card, by the name it is sold under. */
  readonly memoryGb: number;
  /** Dollars for a second of a worker that is started for jobs and stopped after them. */
  readonly flexPerSecond: number;
  /** Dollars for a second of a worker that always runs. */
  readonly activePerSecond?: number;
  readonly price: PriceSource;
}

export interface PriceSource {
  readonly asOf: string;
  readonly source: string;
}

const ACTIVE_OLD = '; for workers that always run the last column of its documentation, taken out in 2026';
const DOCS: PriceSource = {
  asOf: '2026-08-20',
  source: `price table of RunPod's documentation${ACTIVE_OLD}`,
};
const BILL: PriceSource = {
  asOf: '2026-09',
  source: "measured on a bill; not in RunPod's price table",
};

export const RUNPOD_POOLS: readonly RunPodPool[] = [
  {
    ...{ id: 'AMPERE_16', memoryGb: 16, flexPerSecond: 0.00016, activePerSecond: 0.00011, price: DOCS },
    cards: ['RTX A4000', 'RTX A4500', 'RTX 4000 Ada', 'RTX 2000 Ada'],
  },
  {
    ...{ id: 'AMPERE_24', memoryGb: 24, flexPerSecond: 0.00019, activePerSecond: 0.00013, price: DOCS },
    cards: ['L4', 'RTX A5000', 'RTX 3090'],
  },
  {
    ...{ id: 'ADA_24', memoryGb: 24, flexPerSecond: 0.00031, activePerSecond: 0.00021, price: DOCS },
    cards: ['RTX 4090'],
  },
  {
    ...{ id: 'ADA_32_PRO', memoryGb: 32, flexPerSecond: 0.000439, price: BILL },
    cards: ['RTX 5090'],
  },
  {
    ...{ id: 'AMPERE_48', memoryGb: 48, flexPerSecond: 0.00034, activePerSecond: 0.00024, price: DOCS },
    cards: ['RTX A6000', 'A40'],
  },
  {
    ...{ id: 'ADA_48_PRO', memoryGb: 48, flexPerSecond: 0.00053, activePerSecond: 0.00037, price: DOCS },
    cards: ['L40', 'L40S', 'RTX 6000 Ada'],
  },
  {
    ...{ id: 'AMPERE_80', memoryGb: 80, flexPerSecond: 0.00076, activePerSecond: 0.0006, price: DOCS },
    cards: ['A100 PCIe', 'A100 SXM'],
  },
  {
    ...{ id: 'ADA_80_PRO', memoryGb: 80, flexPerSecond: 0.00116, activePerSecond: 0.00093, price: DOCS },
    cards: ['H100 PCIe', 'H100 SXM', 'H100 NVL'],
  },
  {
    ...{ id: 'BLACKWELL_96', memoryGb: 96, flexPerSecond: 0.00111, price: DOCS },
    cards: ['RTX PRO 6000'],
  },
  {
    ...{ id: 'HOPPER_141', memoryGb: 141, flexPerSecond: 0.00155, activePerSecond: 0.00124, price: DOCS },
    cards: ['H200'],
  },
  {
    ...{ id: 'BLACKWELL_180', memoryGb: 180, flexPerSecond: 0.0024, activePerSecond: 0.0019, price: DOCS },
    cards: ['B200'],
  },
];

/** With other prices in their place: millionths of a dollar an hour, by pool. */
export function pricedPools(
  microsPerHour: Readonly<Record<string, number>>,
  { asOf, source }: PriceSource,
): readonly RunPodPool[] {
  return RUNPOD_POOLS.map((pool) => {
    const micros = microsPerHour[pool.id];
    if (micros === undefined) return pool;
    const active = pool.activePerSecond === undefined ? '' : ACTIVE_OLD;
    return { ...pool, flexPerSecond: micros / 3.6e9, price: { asOf, source: `${source}${active}` } };
  });
}

/** Pools whose every card has the memory, cheapest first. A worker takes one card, or `count` of the same pool. */
export function fittingPools(
  { memoryBytes }: Pick<GpuNeed, 'memoryBytes'>,
  pools: readonly RunPodPool[] = RUNPOD_POOLS,
): readonly RunPodPool[] {
  return pools
    .filter(({ memoryGb }) => memoryGb * USABLE_SHARE * GIGABYTE >= memoryBytes)
    .toSorted((a, b) => a.flexPerSecond - b.flexPerSecond);
}
