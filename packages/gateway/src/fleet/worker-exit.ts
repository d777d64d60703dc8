import type { ContainerSettings, Endpoint } from '../endpoints/endpoint.ts';
import type { WorkerExit } from './backend.ts';

/** Stands for the end of a worker whose start was refused. */
export const NEVER_RAN: WorkerExit = Object.freeze({ code: null, signal: null });

/** How a worker ended, as the rest of a sentence that begins with "the worker". */
export function describeExit({ code, signal, problem }: WorkerExit): string {
  if (problem !== undefined) return problem;
  // Nobody but the kernel sends SIGKILL unasked, and it does so when memory runs out.
  if (signal === 'SIGKILL') return 'was killed by SIGKILL (out of memory?)';
  if (signal !== null) return `was killed by ${signal}`;
  return code === null ? 'never ran' : `exited with code ${code}`;
}

/** The same for a start that failed; 126 and 127 are the word of the shell, or the container engine, on the command. */
export function describeFailedStart(exit: WorkerExit, endpoint: Endpoint): string {
  if (exit.problem !== undefined) return exit.problem;
  if (endpoint.container !== undefined) return describeFailedContainer(exit, endpoint, endpoint.container);
  const program = endpoint.command[0] ?? '';
  const name = `endpoints.${endpoint.name}.command`;
  if (exit.code === 127) {
    return `exited with code 127: the program \`${program}\` (${name}) was not found; it is looked up in PATH, a path counts from ${endpoint.cwd}`;
  }
  if (exit.code === 126) {
    return `exited with code 126: the file \`${program}\` (${name}) may not be executed; run chmod +x on it or name its interpreter`;
  }
  return endedEarly(exit, endpoint);
}

function describeFailedContainer(
  exit: WorkerExit,
  endpoint: Endpoint,
  { image, args }: ContainerSettings,
): string {
  const what =
    args?.[0] === undefined ? 'its program' : `its program \`${args[0]}\` (endpoints.${endpoint.name}.args)`;
  if (exit.code === 127) return `exited with code 127: ${what} was not found in the image ${image}`;
  if (exit.code === 126) return `exited with code 126: ${what} may not be executed in the image ${image}`;
  return endedEarly(exit, endpoint);
}

function endedEarly(exit: WorkerExit, { loadBalancing }: Endpoint): string {
  const duty = loadBalancing ? 'answered its health check with 200' : 'asked for a job';
  return `${describeExit(exit)} before it ${duty}`;
}
