import type { PriceSource } from '../fleet/gpu/runpod-pools.ts';

/** What RunPod asks for space, as data. Shown, and added to no bill here: what is kept there is known to RunPod alone. */
export interface StoragePrice {
  readonly id: string;
  readonly what: string;
  /** Millionths of a dollar for a gigabyte and month. */
  readonly microsPerGbMonth: number;
  readonly price: PriceSource;
}

const DOCS: PriceSource = { asOf: '2026-08-20', source: "pricing pages of RunPod's documentation" };

export const STORAGE_PRICES: readonly StoragePrice[] = [
  {
    id: 'container-disk',
    what: 'disk of a serverless worker, while it exists; about, and disputed',
    microsPerGbMonth: 100_000,
    price: DOCS,
  },
  {
    id: 'network-volume',
    what: 'network volume, below 1 TB',
    microsPerGbMonth: 70_000,
    price: DOCS,
  },
  {
    id: 'network-volume-large',
    what: 'network volume, what is above 1 TB',
    microsPerGbMonth: 50_000,
    price: DOCS,
  },
  { id: 'pod-volume-running', what: 'volume of a pod that runs', microsPerGbMonth: 100_000, price: DOCS },
  {
    id: 'pod-volume-stopped',
    what: 'volume of a pod that is stopped',
    microsPerGbMonth: 200_000,
    price: DOCS,
  },
];
