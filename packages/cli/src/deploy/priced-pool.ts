import type { RunpodGpuType } from '@spillway/sdk/runpod';
import type { LoadedFile } from './cloud.ts';

/** What a backend of the file says of an endpoint's cards, by which its jobs are priced. */
export interface PricedCards {
  readonly gpuPool?: string;
  readonly gpuCount?: number;
}

/** What an hour of a card of this pool costs, in any unit; undefined where nobody knows. */
export type PriceOfPool = (pool: string) => number | undefined;

/**
 * Of several pools the dearest: RunPod tells nobody on which of them a job ran, and a budget must hold anyway. Pools that have
 * no price here give none.
 */
export function pricedCards(
  gpu: { readonly pools: readonly string[]; readonly count?: number } | null | undefined,
  priceOf: PriceOfPool,
): PricedCards {
  const priced = (gpu?.pools ?? []).map((id) => ({ id, price: priceOf(id) ?? Number.NaN }));
  const [dearest] = priced.toSorted((a, b) => b.price - a.price);
  if (!gpu || !dearest || priced.some(({ price }) => Number.isNaN(price))) return {};
  const { count = 1 } = gpu;
  return { gpuPool: dearest.id, ...(count === 1 ? {} : { gpuCount: count }) };
}

/** By the prices of the file, the catalogue that was just read or is kept in the data directory, and the table. */
export async function readPoolPrices(
  { dataDir, prices }: Pick<LoadedFile, 'dataDir' | 'prices'>,
  rows: readonly RunpodGpuType[] | undefined,
): Promise<PriceOfPool> {
  const { priceBookAlone } = await import('@spillway/gateway/prices');
  const book = await priceBookAlone({ settings: prices, dataDir, rows });
  return (pool) => book.runpod(pool)?.microsPerHour;
}
