import { readdirSync, readFileSync } from 'node:fs';

/** Resolves as soon as `condition` holds; the test's own time limit ends a wait that is in vain. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** True while a process does anything; a zombie that nobody has reaped doesn't. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return statOf(pid)?.state !== 'Z';
}

/** Whether SIGSTOP has taken effect on a process. */
export function isHalted(pid: number): boolean {
  return statOf(pid)?.state === 'T';
}

/** Processes of a process group, by /proc. */
export function groupMembers(group: number): { readonly pid: number; readonly parent: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      return stat?.group === group && stat.state !== 'Z' ? [{ pid: Number(name), parent: stat.parent }] : [];
    });
}

/** Whether SIGTERM would do nothing to a process. */
export function ignoresSigterm(pid: number): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> 14n) & 1n) === 1n;
}

function statOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent), group: Number(group) };
  } catch {
    return undefined;
  }
}
