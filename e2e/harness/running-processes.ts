import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface RunningProcess {
  readonly pid: number;
  readonly group: number;
  readonly command: string;
}

/** All of this machine; one that has ended but was not reaped yet is none. */
export function runningProcesses(): RunningProcess[] {
  return process.platform === 'linux' ? listProc() : listPs();
}

/** True while a process with this pid runs. */
export const isRunning = (pid: number): boolean =>
  process.platform === 'linux' ? readProc(pid) !== undefined : listPs().some((one) => one.pid === pid);

/** True while any process of this group runs. */
export const isGroupRunning = (group: number): boolean =>
  runningProcesses().some((one) => one.group === group);

/** Not by `ps`, which small images of Linux don't have. */
function listProc(): RunningProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => readProc(Number(pid)) ?? []);
}

function readProc(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it may hold anything, also spaces and brackets.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, group: Number(group), command };
  } catch {
    // Ended meanwhile.
    return undefined;
  }
}

function listPs(): RunningProcess[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,pgid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, group, state, command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    if (state === undefined || state.startsWith('Z')) return [];
    return [{ pid: Number(pid), group: Number(group), command }];
  });
}
