import { z } from 'zod';
import { CONTRACT_NAMES } from './contracts.ts';
import { DTYPES } from './dtypes.ts';

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
  /** Number format of the weights that are loaded where nobody asks for another; `fp32` when absent. */
  dtype: z.enum(DTYPES).optional(),
  /** Files of a public export as they were published: known by the export's name, which is then its `id`. */
  isExport: z.boolean().optional(),
  /** Made from synthetic data to try the product out; results say so. */
  demo: z.boolean(),
  description: z.string().optional(),
  /** Name of each class by its index in the scores. */
  labels: z.record(z.string().regex(/^\d+$/, 'expected class indices as keys'), z.string().min(1)).optional(),
  /** Side of the square picture that the model takes, pixels. Needed only where the graph leaves it open. */
  inputSize: z.number().int().positive().optional(),
  /** Of a detector: whether pictures are shrunk with antialiasing; default false, as RF-DETR's own packages do. */
  antialias: z.boolean().optional(),
  licence: z.string().min(1),
  source: z.string().min(1),
  /** What of the source it is: a commit, say. */
  revision: z.string().min(1).optional(),
  /** Memory of a card that a worker with this model needs. */
  vramBytes: z.number().int().nonnegative().optional(),
  /** Place of a contract's file where it has another name than in the public exports. */
  roles: z.record(z.string(), relativePath).optional(),
  files: z.record(
    relativePath,
    z.object({
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});

export type ModelJson = z.infer<typeof modelJsonSchema>;
