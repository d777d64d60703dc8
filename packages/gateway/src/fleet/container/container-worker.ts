import { constants } from 'node:os';
import type { Clock } from '@spillway/sdk/clock';
import type { ContainerSettings } from '../../endpoints/endpoint.ts';
import type { BackendWorker, Preparation, WorkerExit } from '../backend.ts';
import { type GuardedProcess, launchGuarded } from '../guarded-process.ts';
import { NEVER_RAN } from '../worker-exit.ts';
import type { WorkerLogWriter } from '../worker-log.ts';
import { type ContainerEngine, type ContainerState, inspectContainer, removeContainers } from './engine.ts';

/**
 * The life of one container: pull the image where it isn't here, run it with its output attached, find out how it
 * ended, remove it. The engine's command line runs for as long as the container does; a watchdog beside it removes the
 * container when the gateway dies.
 */
export interface ContainerWorkerOptions {
  readonly id: string;
  /** The container's name. */
  readonly name: string;
  readonly engine: ContainerEngine;
  readonly settings: ContainerSettings;
  /** The engine's program with all arguments of `run`. */
  readonly command: readonly string[];
  /** For the engine's program. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly log: WorkerLogWriter;
  readonly clock: Clock;
  readonly onError: (message: string, error: unknown) => void;
  /** Fetches the image; absent when it is here. The signal gives up. */
  readonly pull?: (signal: AbortSignal) => Promise<void>;
  /** Removes what the gateway noted of the worker. */
  readonly forget: () => Promise<void>;
}

/** A container that is just being created can't be stopped yet. */
const STOP_AGAIN_MS = 200;
/** The engine's own words for "run failed": nothing of the image has run. */
const ENGINE_FAILED = 125;

/** Resolves when the container runs, or, with an image that must be pulled first, at once. */
export async function createContainerWorker(options: ContainerWorkerOptions): Promise<BackendWorker> {
  const { id, name, engine, log, onError, pull, forget } = options;
  /** Aborts when the worker was asked to end. */
  const asked = new AbortController();
  const ended = new AbortController();
  const launched = Promise.withResolvers<void>();
  let client: GuardedProcess | undefined;

  async function live(): Promise<WorkerExit> {
    if (pull) {
      const problem = await pull(asked.signal).then(
        () => undefined,
        (error: Error) =>
          `can't be started: the image ${options.settings.image} could not be pulled: ${error.message}`,
      );
      if (problem !== undefined) return { ...NEVER_RAN, problem };
    }
    if (asked.signal.aborted) return NEVER_RAN;
    try {
      client = await launchClient(options);
    } catch (error) {
      return { ...NEVER_RAN, problem: `can't be started: ${(error as Error).message}` };
    }
    void log.write(
      'gateway',
      `started the container ${name} of ${options.settings.image} (${engine.program})\n`,
    );
    void client.standing.then(launched.resolve);
    const exit = exitOf(await client.exited, await inspectContainer(engine, name), options);
    await removeContainers(engine, [name]).catch((error) =>
      onError(`the container ${name} can't be removed`, error),
    );
    return exit;
  }

  const exited = live().then(async (exit) => {
    ended.abort();
    launched.resolve();
    await log.close();
    await forget().catch((error) => onError(`the folder of worker ${id} can't be removed`, error));
    return exit;
  });
  const preparation: Preparation | undefined = pull && {
    what: `the image ${options.settings.image} is being pulled`,
    done: launched.promise,
  };
  if (!preparation) await launched.promise;
  return {
    id,
    get pid() {
      return client?.pid;
    },
    ...(preparation ? { preparation } : {}),
    exited,
    log,
    terminate() {
      const isFirst = !asked.signal.aborted;
      asked.abort();
      if (isFirst) void stopContainer(options, ended.signal);
    },
    kill() {
      asked.abort();
      void killContainer(options, ended.signal, () => client);
    },
  };
}

function launchClient({ command, cwd, env, name, engine, log, clock }: ContainerWorkerOptions) {
  return launchGuarded({ command, cwd, env, container: { engine: engine.program, name }, log, clock });
}

/**
 * SIGTERM, again until the engine knows the container or it has ended. Not `stop`: while that waits, Podman (4.3 at
 * least) can neither kill the container nor remove it without leaving its processes behind.
 */
async function stopContainer(
  { engine, name, clock }: ContainerWorkerOptions,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    const { code } = await engine.call(['kill', '--signal', 'TERM', name], { signal: ended });
    if (code === 0) return;
    await clock.sleep(STOP_AGAIN_MS, ended);
  }
}

/** `kill`; where the engine doesn't know the container (yet), its client is ended, and what it made is removed then. */
async function killContainer(
  { engine, name, clock }: ContainerWorkerOptions,
  ended: AbortSignal,
  client: () => GuardedProcess | undefined,
): Promise<void> {
  while (!ended.aborted) {
    const { code } = await engine.call(['kill', name]);
    if (code === 0) return;
    client()?.signal('SIGKILL');
    await clock.sleep(STOP_AGAIN_MS, ended);
  }
}

/** The engine's word on how the container ended; its client's, where there is no container to ask about. */
function exitOf(
  client: WorkerExit,
  state: ContainerState | undefined,
  { settings, engine }: ContainerWorkerOptions,
): WorkerExit {
  const hasRun = state !== undefined && state.Status !== 'created' && !state.Running;
  if (hasRun && state.OOMKilled) {
    const limit = settings.memoryBytes === undefined ? 'this machine has' : 'its limit, `memory`, allows';
    return { ...fromCode(state.ExitCode), problem: `was killed because it needed more memory than ${limit}` };
  }
  if (hasRun) return fromCode(state.ExitCode);
  if (client.code === ENGINE_FAILED) {
    return { ...NEVER_RAN, problem: `could not be run by ${engine.program}` };
  }
  return client;
}

/** Exit codes above 128 are signals, as the init process reports them. */
function fromCode(code: number): WorkerExit {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return signal === undefined ? { code, signal: null } : { code: null, signal: signal as NodeJS.Signals };
}
