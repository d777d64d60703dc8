import { z } from 'zod';
import { CONTRACT_NAMES } from './contracts.ts';

/**
 * `model.json`, the card at the top of a model folder: what the model is, which contract it has, where it comes from,
 * and the hash of each of its files.
 */
const relativePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split(/[\\/]/).includes('..'), {
    message: 'expected a path inside the model folder',
  });

export const modelJsonSchema = z.looseObject({
  /** Shown in every result that the model made. */
  id: z.string().min(1),
  contract: z.enum(CONTRACT_NAMES),
  /** Size of the architecture, e.g. `nano`; what `DETECTOR_VARIANT` selects by. */
  variant: z.string().min(1).optional(),
  /** Made from synthetic data to try the product out; results say so. */
  demo: z.boolean(),
  description: z.string().optional(),
  /** Name of each class by its index in the scores. */
  labels: z.record(z.string().regex(/^\d+$/, 'expected class indices as keys'), z.string().min(1)).optional(),
  /** Side of the square picture that the model takes, pixels. Needed only where the graph leaves it open. */
  inputSize: z.number().int().positive().optional(),
  licence: z.string().min(1),
  source: z.string().min(1),
  vramBytes: z.number().int().nonnegative().optional(),
  files: z.record(
    relativePath,
    z.object({
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});

export type ModelJson = z.infer<typeof modelJsonSchema>;
