import { createManualClock } from '@spillway/sdk/clock';
import type { Card } from './card.ts';
import { createCardReader } from './card-reader.ts';
import { createGpuPlacer, type GpuPlacer, type GpuPlacerOptions } from './gpu-placer.ts';
import { GIGABYTE } from './memory-text.ts';

/** A card of a test, empty unless it says otherwise. */
export function newTestCard(index: number, gigabytes: number, changes: Partial<Card> = {}): Card {
  return {
    ...{ id: `GPU-${index}`, index, name: 'NVIDIA Test', totalBytes: gigabytes * GIGABYTE, usedBytes: 0 },
    ...changes,
  };
}

export interface TestPlacerOptions extends Partial<Omit<GpuPlacerOptions, 'reader'>> {
  /** Asked at each look; none unless given. */
  readonly cards?: () => readonly Card[];
}

/** A placer whose cards the test plays. */
export function createTestPlacer(options: TestPlacerOptions = {}): GpuPlacer {
  const { clock = createManualClock(), endpoints = [], workers = () => [], cards = () => [] } = options;
  const read = async () => {
    const found = cards();
    const problem = found.length === 0 ? { problem: 'nvidia-smi is not installed' } : {};
    return { readAt: clock.now(), cards: found, driverVersion: '580.95.05', ...problem };
  };
  return createGpuPlacer({ clock, endpoints, workers, reader: createCardReader({ clock, read }) });
}
