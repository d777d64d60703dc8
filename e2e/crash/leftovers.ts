import { readdirSync, readlinkSync } from 'node:fs';
import { isGroupRunning } from '../harness/running-processes.ts';

/**
 * Processes that outlived their gateway. On Linux every process whose working folder is that of the test counts, known
 * or not (workers and their watchdogs run there); elsewhere the process groups of the workers that were seen.
 */
export function leftovers(folder: string, seen: readonly number[]): readonly number[] {
  return process.platform === 'linux' ? processesIn(folder) : seen.filter(isGroupRunning);
}

function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        // Ended meanwhile, or ended and not reaped yet.
        return false;
      }
    });
}
