/** What a backend of the file says of an endpoint's cards, by which its jobs are priced. */
export interface PricedCards {
  readonly gpuPool?: string;
  readonly gpuCount?: number;
}

/**
 * Of several pools the dearest: RunPod tells nobody on which of them a job ran, and a budget must hold anyway. Pools that have
 * no price here give none.
 */
export function pricedCards(
  gpu: { readonly pools: readonly string[]; readonly count?: number } | null | undefined,
  priced: readonly { readonly id: string; readonly flexPerSecond: number }[],
): PricedCards {
  const dearest = priced
    .filter(({ id }) => gpu?.pools.includes(id))
    .toSorted((a, b) => b.flexPerSecond - a.flexPerSecond)[0];
  if (!gpu || !dearest || !gpu.pools.every((pool) => priced.some(({ id }) => id === pool))) return {};
  const { count = 1 } = gpu;
  return { gpuPool: dearest.id, ...(count === 1 ? {} : { gpuCount: count }) };
}
