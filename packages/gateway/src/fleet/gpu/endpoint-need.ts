import { modelsCacheOf } from '@spillway/protocol';
import type { Endpoint, GpuNeed } from '../../endpoints/endpoint.ts';
import { findModelCard } from './model-card.ts';
import { knownNeed, type NeedPart } from './worker-vram.ts';

/** What a worker of an endpoint needs of graphics cards, and how that is known. */
export interface EndpointNeed extends GpuNeed {
  /**
   * `declared`: `gpu` in spillway.yaml; without room no worker starts. `known`: of a built-in worker; without any hope of
   * room it runs on the CPU, as it does on a machine without cards.
   */
  readonly origin: 'declared' | 'known';
  /** Addends, where they are known. */
  readonly parts: readonly NeedPart[];
  /** Its workers are put on cards here. A built-in worker that would run on the CPU anyway takes none. */
  readonly isPlaced: boolean;
  /** It runs on nothing but a card. */
  readonly isRequired: boolean;
}

/**
 * Undefined where nothing is known, and where the file says that there is no need (`gpu: none`). Reads model cards, where
 * its worker will look for them: `host` is the gateway's own environment.
 */
export function endpointNeed(
  endpoint: Pick<Endpoint, 'gpu' | 'worker' | 'env' | 'cwd' | 'cardUse'>,
  host: Readonly<Record<string, string | undefined>> = process.env,
): EndpointNeed | undefined {
  const { gpu, worker, env, cwd, cardUse = 'none' } = endpoint;
  if (gpu === 'none') return undefined;
  if (gpu) return { ...gpu, origin: 'declared', parts: [], isPlaced: true, isRequired: true };
  if (worker === undefined) return undefined;
  const { SPILLWAY_MODELS_DIR: modelsDir } = { ...host, ...env };
  const cache = modelsCacheOf({ ...host, ...env });
  const known = knownNeed(worker, env, (value) => findModelCard(value, { cwd, modelsDir, cache }));
  if (!known) return undefined;
  const isRequired = cardUse === 'required';
  return { ...known, origin: 'known', isPlaced: cardUse !== 'none', isRequired };
}
