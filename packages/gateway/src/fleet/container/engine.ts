import type { Clock } from '@spillway/sdk/clock';
import { z } from 'zod';
import { type ProgramAnswer, runProgram } from '../../lib/run-program.ts';
import { StartError } from '../backend.ts';

/**
 * Docker or Podman, reached through its command line: whatever it can pull from, log in to or run on is set up there
 * and works here. Every call is a list of arguments; no shell reads them.
 */
export interface ContainerEngine {
  /** As it is started: a name in PATH, or a path. */
  readonly program: string;
  readonly kind: 'docker' | 'podman';
  /** The environment of its command line: the gateway's own, without Spillway's and RunPod's variables. */
  readonly env: Readonly<Record<string, string>>;
  call(args: readonly string[], options?: CallOptions): Promise<ProgramAnswer>;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

export interface EngineOptions {
  readonly clock: Clock;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
}

/** Names the engine when the machine has several, or one that isn't in PATH. */
const ENGINE_VARIABLE = 'SPILLWAY_CONTAINER_ENGINE';

const CANDIDATES = ['docker', 'podman'];
const CALL_TIMEOUT_MS = 60_000;

/** The first engine that answers. Throws a StartError that says what was tried and what to do. */
export async function findEngine({ clock, hostEnv }: EngineOptions): Promise<ContainerEngine> {
  const env = engineEnvironment(hostEnv);
  const wanted = hostEnv[ENGINE_VARIABLE];
  const tried: string[] = [];
  for (const program of wanted ? [wanted] : CANDIDATES) {
    const call: ContainerEngine['call'] = (args, { timeoutMs = CALL_TIMEOUT_MS, ...more } = {}) =>
      runProgram(program, args, { env, clock, timeoutMs, ...more });
    const version = await call(['--version']);
    if (version.isAbsent) {
      tried.push(`${program} is not installed`);
      continue;
    }
    const info = await call(['info']);
    // `docker` may be Podman under another name.
    const kind = /podman/i.test(version.stdout) ? 'podman' : 'docker';
    if (info.code === 0) return { program, kind, env, call };
    tried.push(`${program} says: ${lastWords(info)}`);
  }
  const choice = wanted ? ` (${ENGINE_VARIABLE})` : '';
  throw new StartError(
    `can't be started: no container engine answers${choice}: ${tried.join('; ')}. Install Docker or Podman, or start its service`,
  );
}

/** Registry logins, proxies and the engine's own settings stay; secrets that are meant for the gateway alone don't. */
function engineEnvironment(hostEnv: EngineOptions['hostEnv']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(hostEnv).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(SPILLWAY|RUNPOD)_/.test(entry[0]) && !entry[0].startsWith('npm_'),
    ),
  );
}

/** Whether the image is on this machine. */
export async function hasImage(engine: ContainerEngine, image: string): Promise<boolean> {
  return (await engine.call(['image', 'inspect', '--format', '{{.Id}}', image])).code === 0;
}

const stateSchema = z.object({
  Status: z.string(),
  Running: z.boolean(),
  ExitCode: z.int(),
  OOMKilled: z.boolean().optional(),
});

export type ContainerState = z.infer<typeof stateSchema>;

/** What the engine knows of a container; undefined when there is none of this name. */
export async function inspectContainer(
  engine: ContainerEngine,
  name: string,
): Promise<ContainerState | undefined> {
  const { code, stdout } = await engine.call(['container', 'inspect', '--format', '{{json .State}}', name]);
  if (code !== 0) return undefined;
  try {
    return stateSchema.safeParse(JSON.parse(stdout)).data;
  } catch {
    return undefined;
  }
}

/** Removes containers with their anonymous volumes, running or not. Rejects with what the engine said. */
export async function removeContainers(engine: ContainerEngine, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  // Podman's would first wait for the worker to end by itself.
  const atOnce = engine.kind === 'podman' ? ['--time', '0'] : [];
  const answer = await engine.call(['rm', '--force', ...atOnce, '--volumes', ...names]);
  // A watchdog may be doing the same.
  if (answer.code === 0 || /no such container|already in progress/i.test(answer.stderr)) return;
  throw new Error(lastWords(answer));
}

/** A container as the engine lists it. */
export interface ListedContainer {
  readonly name: string;
  /** Something of it may still run. */
  readonly isRunning: boolean;
}

/** First words for it: Docker says `exited`, Podman 4 `Exited (0) 3 seconds ago`. */
const NOT_RUNNING = ['created', 'configured', 'initialized', 'exited', 'stopped', 'dead', 'removing'];

/** The containers with a label, in whatever state. */
export async function listContainers(
  engine: ContainerEngine,
  label: string,
): Promise<readonly ListedContainer[]> {
  const format = '{{.Names}} {{.State}}';
  const answer = await engine.call(['ps', '--all', '--filter', `label=${label}`, '--format', format]);
  if (answer.code !== 0) throw new Error(lastWords(answer));
  const lines = answer.stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [name = '', state = ''] = line.split(' ');
    return { name, isRunning: !NOT_RUNNING.includes(state.toLowerCase()) };
  });
}

/** The last line that a failed call printed. */
export function lastWords({ stdout, stderr, code, isTimedOut }: ProgramAnswer): string {
  if (isTimedOut) return 'no answer in time';
  const lines = `${stdout}\n${stderr}`.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? `exit code ${code}`;
}
