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

/** Why none can be had, as a sentence with those that are there. */
export function describeNoCard(catalogue: readonly RunpodGpuType[], wish: CardWish): string {
  const { card, memoryGb = 0, cloud } = wish;
  const names = (rows: readonly RunpodGpuType[]) =>
    rows.map(({ name, memory }) => `${name} (${memory} GB)`).join(', ');
  const offered = catalogue.filter(({ secure, community }) => (cloud === 'SECURE' ? secure : community));
  const said = card?.toLowerCase();
  const called = offered.filter(({ id, name }) => [id, name].some((one) => one.toLowerCase() === said));
  const where = cloud === 'SECURE' ? "RunPod's secure cloud" : "RunPod's community cloud";
  if (said !== undefined && called.length === 0)
    return `--gpu: ${where} has no card ${card}; it has ${names(offered)}`;
  const meant = said === undefined ? offered : called;
  const fitting = meant.filter(({ memory }) => memory >= memoryGb);
  if (fitting.length === 0)
    return `--vram: ${where} has no ${said === undefined ? 'card' : card} with ${memoryGb} GB or more; it has ${names(meant)}`;
  return `none of ${names(fitting)} is free now: ask for another --gpu, less --vram or the other --cloud, or try again later`;
}

/** How long a pod may live: the shorter of its time and what its budget pays for. */
export function lifeSeconds(maxTimeMs: number, maxCost: number | undefined, hourly: number): number {
  const paid = maxCost === undefined || hourly <= 0 ? Number.POSITIVE_INFINITY : (maxCost / hourly) * 3600;
  return Math.floor(Math.min(maxTimeMs / 1000, paid));
}
