import { spawnSync } from 'node:child_process';

/** Which core each side runs on: the server has one of its own, the load another, a database a third where there is one. */
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
  const [server, load, database = load] = parseCpuList(stdout.slice(stdout.lastIndexOf(':') + 1));
  if (server === undefined || load === undefined) return unpinned('this process may use one core only');
  const pin = (core: number | undefined) => ['taskset', '-c', String(core)];
  return { server: pin(server), load: pin(load), database: pin(database), notPinned: undefined };
}

/** `0-2,5` → 0, 1, 2, 5. */
function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
