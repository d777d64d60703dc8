import type { GpusView } from '@spillway/protocol/v1';
import { createSystemClock } from '@spillway/sdk/clock';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { createCardReader } from './card-reader.ts';
import { createGpuPlacer } from './gpu-placer.ts';
import { viewGpus } from './gpus-view.ts';
import { readCards } from './read-cards.ts';
import { RUNPOD_POOLS, type RunPodPool } from './runpod-pools.ts';

/** This machine's cards and what these endpoints need, where no gateway runs: nothing is known of workers. */
export async function inspectGpus(
  endpoints: readonly Endpoint[],
  env: Readonly<Record<string, string | undefined>> = process.env,
  pools: readonly RunPodPool[] = RUNPOD_POOLS,
): Promise<GpusView> {
  const clock = createSystemClock();
  const reader = createCardReader({ clock, read: (signal) => readCards({ clock, env, signal }) });
  const placer = createGpuPlacer({ clock, reader, endpoints, workers: () => [] });
  return viewGpus({ placer, endpoints, workers: [], pools });
}
