import type { Unbilled } from './budgets.ts';
import { dayOf } from './periods.ts';
import type { RemoteLine } from './remote-lines.ts';

/**
 * What workers at RunPod are expected to cost beside attempts: start-up, idle time, disks. By RunPod's bills, where they
 * are known, spread over the attempts on them; else by the idle time after each alone. Budgets set it aside before it is
 * on any bill.
 */
export type BesideAttempts = ReturnType<typeof createBesideAttempts>;

export function createBesideAttempts(
  /** What the idle time after one attempt costs, in millionths of a dollar. */
  idleCostOf: (endpoint: string) => number,
) {
  let lines: readonly RemoteLine[] = [];
  /** Attempts that ended since these lines were read, the oldest first. */
  let ended: { readonly endpoint: string; readonly day: number }[] = [];

  /** Undefined while no bill has told. */
  function billedPerAttempt(endpoint: string): number | undefined {
    const billed = lines.filter((line) => line.kind === 'runpod' && line.endpoint === endpoint);
    const attempts = billed.reduce((sum, line) => sum + line.attempts, 0);
    const micros = billed.reduce((sum, line) => sum + line.costMicros, 0);
    return attempts === 0 ? undefined : Math.ceil(Math.max(0, micros) / attempts);
  }

  const perAttempt = (endpoint: string) => billedPerAttempt(endpoint) ?? idleCostOf(endpoint);

  return {
    lines: (): readonly RemoteLine[] => lines,
    perAttempt,
    /** Of attempts that ended and are on no bill yet, on top of what the lines estimate. */
    unbilled(): readonly Unbilled[] {
      const estimated = lines.flatMap(({ kind, endpoint, day, attempts, costMicros }) => {
        const each = kind === 'runpod-estimate' ? billedPerAttempt(endpoint) : undefined;
        return each === undefined
          ? []
          : [{ endpoint, day, micros: Math.max(0, attempts * each - costMicros) }];
      });
      return [...estimated, ...ended.map((one) => ({ ...one, micros: perAttempt(one.endpoint) }))];
    },
    noteEnd(endpoint: string, endedAt: number): void {
      ended.push({ endpoint, day: dayOf(endedAt) });
    },
    /** Call it before lines are read, and what it gives with what was read. */
    reading(): (read: readonly RemoteLine[]) => void {
      const inThem = ended.length;
      return (read) => {
        lines = read;
        ended = ended.slice(inThem);
      };
    },
  };
}
