import type { Endpoint } from '../endpoints/endpoint.ts';
import type { WorkerExit } from './backend.ts';

/** Stands for the end of a worker whose start was refused. */
export const NEVER_RAN: WorkerExit = Object.freeze({ code: null, signal: null });

/** How a worker ended, as the rest of a sentence that begins with "the worker". */
export function describeExit({ code, signal }: WorkerExit): string {
  // Nobody but the kernel sends SIGKILL unasked, and it does so when memory runs out.
  if (signal === 'SIGKILL') return 'was killed by SIGKILL (out of memory?)';
  if (signal !== null) return `was killed by ${signal}`;
  return code === null ? 'never ran' : `exited with code ${code}`;
}

/** The same for a start that failed; 126 and 127 are the shell's word on the command itself. */
export function describeFailedStart(exit: WorkerExit, endpoint: Endpoint): string {
  const program = endpoint.command[0] ?? '';
  const name = `endpoints.${endpoint.name}.command`;
  if (exit.code === 127) {
    return `exited with code 127: the program \`${program}\` (${name}) was not found; it is looked up in PATH, a path counts from ${endpoint.cwd}`;
  }
  if (exit.code === 126) {
    return `exited with code 126: the file \`${program}\` (${name}) may not be executed; run chmod +x on it or name its interpreter`;
  }
  return `${describeExit(exit)} before it asked for a job`;
}
