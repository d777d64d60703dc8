import type { Card } from './card.ts';

/** The cards that one worker was put on; none, and it sees no card at all. */
export interface WorkerGpu {
  readonly cards: readonly Card[];
  /** What is kept for it on each of them. */
  readonly memoryBytes: number;
}

/** Hides every card but the worker's from CUDA; by UUID, since numbers mean different cards to different programs. */
export function visibleDevices({ cards }: WorkerGpu): string {
  return cards.length === 0 ? '-1' : cards.map(({ id }) => id).join(',');
}
