import { z } from 'zod';
import { WORKER_STATES } from '../worker.ts';

/**
 * Graphics cards as `/v1/gpus` shows them: what runs on those of the gateway's machine, what endpoints need, and which of
 * RunPod's would do at what price. Memory in bytes; a gigabyte is 1024³ here, as on the boxes of cards.
 */
const bytes = z.int();
const dollars = z.number().positive();

export const gpuCardSchema = z
  .object({
    id: z.string().describe('UUID.'),
    index: z.int().describe('Number that nvidia-smi gives the card.'),
    name: z.string(),
    part: z.string().describe('Profile, where it is a part of a card that MIG cut off.').optional(),
    totalBytes: bytes,
    usedBytes: bytes
      .describe('What all programs on it take; absent where the driver does not tell.')
      .optional(),
    freeBytes: bytes.describe('Room for a further worker; negative where the card is overfull.'),
    workers: z
      .array(
        z.object({
          id: z.string(),
          endpoint: z.string(),
          state: z.enum(WORKER_STATES),
          memoryBytes: bytes.describe('Kept for it.'),
        }),
      )
      .describe('Those of endpoints that the key is for.'),
  })
  .meta({ id: 'GpuCard' });

export type GpuCardView = z.infer<typeof gpuCardSchema>;

export const gpuNeedSchema = z
  .object({
    memoryBytes: bytes.describe('On each of its cards.'),
    count: z.int().min(1).describe('Cards.'),
    origin: z
      .enum(['declared', 'known'])
      .describe('`declared`: in spillway.yaml. `known`: of a built-in worker and its models.'),
    source: z.string().describe('Where a known figure is from.').optional(),
    parts: z
      .array(z.object({ what: z.string(), memoryBytes: bytes }))
      .describe('What a known figure is made of.'),
    isPlaced: z
      .boolean()
      .describe('Its workers are put on cards here. Not, where they would run on the CPU anyway.'),
  })
  .meta({ id: 'GpuNeed' });

export type GpuNeedView = z.infer<typeof gpuNeedSchema>;

export const gpuPoolSchema = z
  .object({
    id: z.string().describe("RunPod's name of the pool, such as AMPERE_24."),
    cards: z.array(z.string()),
    memoryGb: z.number().describe('Of its smallest card, by the name it is sold under.'),
    flexPerSecond: dollars.describe('For one card of a worker that is started for jobs; US dollars.'),
    flexPerHour: dollars,
    activePerSecond: dollars.describe('For one of a worker that always runs, where it is known.').optional(),
    activePerHour: dollars.optional(),
    price: z.object({ asOf: z.string().describe('Date or month of the price.'), source: z.string() }),
  })
  .meta({ id: 'GpuPool' });

export type GpuPoolView = z.infer<typeof gpuPoolSchema>;

export const gpusSchema = z
  .object({
    cards: z.array(gpuCardSchema),
    readAt: z.int().describe('When the cards were looked at.'),
    driverVersion: z.string().optional(),
    problem: z.string().describe('Why there are no cards, or why they could not be looked at.').optional(),
    endpoints: z.array(
      z.object({
        name: z.string(),
        need: gpuNeedSchema.describe('What one worker needs; absent where that is not known.').optional(),
        usesNone: z.boolean().describe('`gpu: none` in spillway.yaml.'),
        cards: z.array(z.string()).describe('Ids of the cards here that are large enough.'),
        pools: z
          .array(z.string())
          .describe("Ids of RunPod's pools that are large enough, the cheapest first."),
        obstacle: z.string().describe('Why there is no room for a further worker of it now.').optional(),
      }),
    ),
    pools: z.array(gpuPoolSchema).describe("RunPod's pools as this version knows them; RunPod is not asked."),
  })
  .meta({ id: 'Gpus' });

export type GpusView = z.infer<typeof gpusSchema>;
