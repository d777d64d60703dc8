import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Measurements on a machine that others use, too: what they took of the processors meanwhile is counted (the hypervisor's
 * share included), and a measurement that they disturbed is made again.
 */
export interface Undisturbed<T> {
  readonly value: T;
  /** Part of all processors that went to anybody but the processes named; of the calmest try. */
  readonly othersShare: number;
}

const MOST_OTHERS = 0.04;
const TRIES = 8;
const PAUSE_MS = 1_500;

/** @param pids processes that belong to the measurement, besides this one and children that end with it. */
export async function measureUndisturbed<T>(
  pids: readonly number[],
  measure: () => Promise<T>,
): Promise<Undisturbed<T>> {
  let best: Undisturbed<T> | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await sleep(PAUSE_MS);
    const before = readTimes(pids);
    const value = await measure();
    const after = readTimes(pids);
    const others = after.busy - before.busy - (after.own - before.own);
    const othersShare = Math.max(0, others / (after.all - before.all));
    if (!best || othersShare < best.othersShare) best = { value, othersShare };
    if (othersShare <= MOST_OTHERS) break;
  }
  if (!best) throw new Error('nothing was measured');
  return best;
}

/** In ticks of the system's clock; all zero where there is no /proc. */
function readTimes(pids: readonly number[]): { busy: number; own: number; all: number } {
  const fields = read('/proc/stat').split('\n')[0]?.trim().split(/\s+/).slice(1, 9).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, steal = 0] = fields;
  const busy = user + nice + system + irq + softirq + steal;
  const own = [process.pid, ...pids].reduce((sum, pid) => sum + ticksOf(pid), 0);
  return { busy, own, all: busy + idle + waiting };
}

/**
 * After the program's name, which may hold anything, user and system time are the fields 11 and 12 counted from 0, and 13
 * and 14 those of children that ended.
 */
function ticksOf(pid: number): number {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
