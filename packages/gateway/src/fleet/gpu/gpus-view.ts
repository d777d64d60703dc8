import type { GpuCardView, GpuPoolView, GpusView } from '@spillway/protocol/v1';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import type { Card } from './card.ts';
import { roomOn } from './decide-placement.ts';
import type { GpuPlacer, PlacedWorker } from './gpu-placer.ts';
import { fittingPools, type RunPodPool } from './runpod-pools.ts';
import { VRAM_SOURCE } from './worker-vram.ts';

export interface GpusViewInput {
  readonly placer: GpuPlacer;
  /** Those that are shown, and their workers. */
  readonly endpoints: Iterable<Endpoint>;
  readonly workers: readonly PlacedWorker[];
  /** RunPod's, at the prices that are known now. */
  readonly pools: readonly RunPodPool[];
}

/** Cards, what runs on them, who needs them, and what RunPod's would cost. Looks at the cards. */
export async function viewGpus({ placer, endpoints, workers, pools }: GpusViewInput): Promise<GpusView> {
  const reading = await placer.cards();
  const { cards, readAt, driverVersion, problem } = reading;
  return {
    cards: cards.map((card) => cardView(card, placer, workers)),
    readAt,
    ...(driverVersion === undefined ? {} : { driverVersion }),
    ...(problem === undefined ? {} : { problem }),
    endpoints: [...endpoints].map(({ name, gpu }) => {
      const need = placer.need(name);
      const obstacle = placer.obstacle(name);
      return {
        name,
        ...(need ? { need: needView(need) } : {}),
        usesNone: gpu === 'none',
        cards: [...placer.fittingCards(name, reading)],
        pools: need ? fittingPools(need, pools).map(({ id }) => id) : [],
        ...(obstacle === undefined ? {} : { obstacle }),
      };
    }),
    pools: pools.map(poolView),
  };
}

function cardView(card: Card, placer: GpuPlacer, workers: readonly PlacedWorker[]): GpuCardView {
  const here = workers.filter(({ gpu, state }) => gpu?.cards.includes(card.id) && state !== 'stopped');
  return {
    ...card,
    freeBytes: roomOn(card, placer.holdings()),
    workers: here.map(({ id, endpoint, state, gpu }) => {
      return { id, endpoint, state, memoryBytes: gpu?.memoryBytes ?? 0 };
    }),
  };
}

function needView({
  memoryBytes,
  count,
  origin,
  parts,
  isPlaced,
}: NonNullable<ReturnType<GpuPlacer['need']>>) {
  const source = origin === 'known' ? { source: VRAM_SOURCE } : {};
  return { memoryBytes, count, origin, ...source, parts: [...parts], isPlaced };
}

function poolView({ id, cards, memoryGb, flexPerSecond, activePerSecond, price }: RunPodPool): GpuPoolView {
  return {
    ...{ id, cards: [...cards], memoryGb, flexPerSecond, flexPerHour: perHour(flexPerSecond) },
    ...(activePerSecond === undefined ? {} : { activePerSecond, activePerHour: perHour(activePerSecond) }),
    price: { ...price },
  };
}

/** To the hundredth of a cent: floats add noise behind it. */
function perHour(perSecond: number): number {
  return Math.round(perSecond * 3600 * 10_000) / 10_000;
}
