import { readSecrets } from '@spillway/sdk/signing';
import { z } from 'zod';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Block, Finding } from './cross-check.ts';
import { hints } from './fields.ts';

/** The keys of an endpoint that say who may ask it for work besides holders of an API key, and under which names. */
const WINDOW_SECONDS = { min: 1, max: 3600, default: 120 } as const;

const MODEL_NAME = 'a name of 1 to 200 characters, such as `ViT-B-32`';

export const signingFields = {
  hmac: z
    .boolean()
    .register(hints, { expected: '`true` or `false`', fix: () => 'write `true` or `false`' })
    .prefault(false)
    .describe(
      'The gateway takes signed jobs only, by EMBEDDING_HMAC_SECRET of the endpoint’s env, and signs them anew for its workers.',
    ),
  embeddingModels: z
    .array(
      z
        .string()
        .min(1)
        .max(200)
        .register(hints, { expected: MODEL_NAME, fix: () => `write ${MODEL_NAME}` }),
    )
    .min(1)
    .register(hints, {
      expected: 'a list of names, such as `[ViT-B-32]`',
      fix: () => 'write the names that clients put into `model`, or remove it',
    })
    .optional()
    .describe('Names of models for which POST /v1/embeddings asks this endpoint.'),
} as const;

/** A model that two endpoints claim. */
export function findSharedModels(endpoints: Block): Finding[] {
  const owners = new Map<string, string>();
  const found: Finding[] = [];
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const models: unknown = Object(endpoint).embeddingModels;
    for (const model of Array.isArray(models) ? new Set(models) : []) {
      const owner = owners.get(model);
      owners.set(model, name);
      if (owner === undefined) continue;
      const message = `expected names of its own, found ${JSON.stringify(model)}, which endpoints.${owner} has`;
      found.push({ path: [name, 'embeddingModels'], message, fix: 'name it at one of them' });
    }
  }
  return found;
}

interface Parsed extends z.output<z.ZodObject<typeof signingFields>> {
  readonly worker?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export function toSigning(
  name: string,
  { hmac, embeddingModels, worker, env }: Parsed,
): Pick<Endpoint, 'signing' | 'embeddingModels'> {
  const secrets = readSecrets(env);
  const windowSeconds = windowOf(env.EMBEDDING_HMAC_WINDOW_S);
  // Where jobs must be signed, a key alone does not do unless the file says that it does.
  const isOpen = worker === 'clip' && !hmac && env.EMBEDDING_AUTH === 'off';
  const models = embeddingModels ?? (isOpen ? [name] : undefined);
  return {
    ...(hmac || secrets.length > 0 ? { signing: { isVerified: hmac, secrets, windowSeconds } } : {}),
    ...(models ? { embeddingModels: models } : {}),
  };
}

/** As the workers read the same variable; they don't start where it is wrong, and say so. */
function windowOf(text: string | undefined): number {
  const seconds = Number(text ?? WINDOW_SECONDS.default);
  const isGood = Number.isInteger(seconds) && seconds >= WINDOW_SECONDS.min && seconds <= WINDOW_SECONDS.max;
  return isGood ? seconds : WINDOW_SECONDS.default;
}
