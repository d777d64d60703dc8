import { spawnSync } from 'node:child_process';

/**
 * Which cores each side runs on. The load has one. A server may use them all, the load's too, since a process has other
 * threads than the one that answers (our gateway syncs its disk in one, as BullMQ's Redis does in a process of its own);
 * a server that does nothing has no use for more. The database of a peer runs on a core that the server is not on, as far
 * as there are so many.
 */
export interface Cores {
  readonly server: readonly string[];
  readonly load: readonly string[];
  readonly database: readonly string[];
  /** Undefined where programs are not pinned, with the reason. */
  readonly notPinned: string | undefined;
}

/** Prefixes that pin a program, by `taskset`; empty ones where that can't be done. */
export function chooseCores(): Cores {
  const unpinned = (reason: string): Cores => ({ server: [], load: [], database: [], notPinned: reason });
  const { status, stdout } = spawnSync('taskset', ['-pc', String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) return unpinned('taskset is not installed (Debian: apt-get install util-linux)');
  const all = parseCpuList(stdout.slice(stdout.lastIndexOf(':') + 1));
  const [, load, database = load] = all;
  if (load === undefined) return unpinned('this process may use one core only');
  const pin = (...cores: (number | undefined)[]) => ['taskset', '-c', cores.join(',')];
  return { server: pin(...all), load: pin(load), database: pin(database), notPinned: undefined };
}

/** `0-2,5` → 0, 1, 2, 5. */
function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
