import type { RunpodGpuType } from '@spillway/sdk/runpod';

/** Which cards a pod may have, the cheapest first: RunPod places exactly the one that is asked for. */
export interface CardWish {
  /** Id or name of one type, such as `NVIDIA A40` or `A40`. */
  readonly card?: string;
  /** Gigabytes that it must have at least. */
  readonly memoryGb?: number;
  readonly count: number;
  readonly cloud: 'SECURE' | 'COMMUNITY';
}

export interface CardChoice {
  readonly id: string;
  readonly name: string;
  readonly memoryGb: number;
  /** US dollars an hour for all `count` cards, by the catalogue. */
  readonly hourly: number;
}

export function chooseCards(catalogue: readonly RunpodGpuType[], wish: CardWish): readonly CardChoice[] {
  const { card, memoryGb = 0, count, cloud } = wish;
  const said = card?.toLowerCase();
  return (
    catalogue
      .filter(({ id, name }) => said === undefined || [id, name].some((one) => one.toLowerCase() === said))
      .filter(
        ({ memory, secure, community }) => memory >= memoryGb && (cloud === 'SECURE' ? secure : community),
      )
      // One that is asked for by its name is tried, whatever the catalogue says of it.
      .filter(({ availability }) => said !== undefined || availability !== 'NONE')
      .map(({ id, name, memory, price }) => ({
        ...{ id, name, memoryGb: memory },
        hourly: (cloud === 'SECURE' ? price.secure : price.community) * count,
      }))
      .toSorted((a, b) => a.hourly - b.hourly)
  );
}

/** How long a pod may live: the shorter of its time and what its budget pays for. */
export function lifeSeconds(maxTimeMs: number, maxCost: number | undefined, hourly: number): number {
  const paid = maxCost === undefined || hourly <= 0 ? Number.POSITIVE_INFINITY : (maxCost / hourly) * 3600;
  return Math.floor(Math.min(maxTimeMs / 1000, paid));
}
