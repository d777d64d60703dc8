import { readFile } from 'node:fs/promises';

/**
 * What tells a process from a later one with the same pid: when it was started, in ticks since a boot, and which boot.
 * Known on Linux only.
 */
export interface ProcessIdentity {
  readonly startTime: string;
  readonly bootId: string;
}

/** Undefined where the process is gone or the system doesn't tell. */
export async function readProcessIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The second field is the program's name in brackets and may hold anything; 3 is the state, 22 the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    // A zombie has ended; nobody has asked for its exit code yet.
    return startTime === undefined || state === 'Z' ? undefined : { startTime, bootId: bootId.trim() };
  } catch {
    return undefined;
  }
}

export function isSameProcess(a: ProcessIdentity | undefined, b: ProcessIdentity | undefined): boolean {
  return a !== undefined && b !== undefined && a.startTime === b.startTime && a.bootId === b.bootId;
}

/** Signals a whole process group; false when nobody is left in it. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    // EPERM: it lives, but has become another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
