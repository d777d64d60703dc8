import type { RunpodGpuType } from '@spillway/sdk/runpod';
import { z } from 'zod';
import { microsOf } from '../money.ts';

/** RunPod's list prices as its catalogue told them once: of serverless pools and of pods. Pure; nothing is guessed. */
export const catalogueSchema = z.object({
  /** Epoch ms. */
  readAt: z.int(),
  /** Where it was read. */
  url: z.string(),
  /** Millionths of a dollar for an hour of one card, by pool. */
  pools: z.record(z.string(), z.int().positive()),
  pods: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      memoryGb: z.number(),
      /** Absent where that cloud has none of them. */
      secureMicrosPerHour: z.int().positive().optional(),
      communityMicrosPerHour: z.int().positive().optional(),
    }),
  ),
});

export type Catalogue = z.infer<typeof catalogueSchema>;

/** What a row must have to be understood; what else it has does not matter. */
const rowSchema = z.object({
  ...{ id: z.string(), name: z.string(), pool: z.string().nullable(), memory: z.number() },
  ...{ secure: z.boolean(), community: z.boolean() },
  price: z.object({ secure: z.number(), community: z.number(), serverless: z.number().optional() }),
});

/** @throws Error where no row has a price. */
export function catalogueOf(
  rows: readonly RunpodGpuType[],
  read: { readonly readAt: number; readonly url: string },
): Catalogue {
  const known = rows.flatMap((row) => rowSchema.safeParse(row).data ?? []);
  const pools: Record<string, number> = {};
  for (const { pool, price } of known) {
    const micros = priceOf(price.serverless);
    // All cards of a pool have one price; should they not, a budget must hold anyway.
    if (pool !== null && micros !== undefined) pools[pool] = Math.max(pools[pool] ?? 0, micros);
  }
  const pods = known.map(({ id, name, memory, secure, community, price }) => {
    const secureMicrosPerHour = secure ? priceOf(price.secure) : undefined;
    const communityMicrosPerHour = community ? priceOf(price.community) : undefined;
    return {
      ...{ id, name, memoryGb: memory },
      ...(secureMicrosPerHour === undefined ? {} : { secureMicrosPerHour }),
      ...(communityMicrosPerHour === undefined ? {} : { communityMicrosPerHour }),
    };
  });
  if (Object.keys(pools).length === 0)
    throw new Error("RunPod's catalogue tells no prices of serverless pools");
  return { ...read, pools, pods };
}

function priceOf(dollarsPerHour: number | undefined): number | undefined {
  const micros = microsOf(dollarsPerHour ?? 0);
  return Number.isSafeInteger(micros) && micros > 0 ? micros : undefined;
}
