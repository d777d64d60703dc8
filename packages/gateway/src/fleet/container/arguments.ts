import type { ContainerSettings, ContainerVolume } from '../../endpoints/endpoint.ts';
import type { Card } from '../gpu/card.ts';

/** Everything that decides how one container is run. */
export interface ContainerRun {
  readonly engine: 'docker' | 'podman';
  readonly name: string;
  /** `name=value` pairs by which this gateway, and its successor, know the container. */
  readonly labels: Readonly<Record<string, string>>;
  readonly settings: ContainerSettings;
  /** Cards of this machine. */
  readonly gpuCount: number;
  /** Those that this one is given. Absent: what `settings` say. */
  readonly cards?: readonly Card[];
  readonly envFile: string;
  /** Names of variables whose values are in the engine's own environment. */
  readonly passedNames: readonly string[];
  /** All volumes, `/runpod-volume` among them. */
  readonly volumes: readonly ContainerVolume[];
  /** Whether the container shares the machine's network; elsewhere it reaches the gateway by a name of the engine's. */
  readonly hasHostNetwork: boolean;
  /** From SIGTERM to SIGKILL when somebody else stops the container. */
  readonly stopTimeoutSeconds: number;
}

/** Where workers without the machine's network find it. */
export const HOST_NAMES = { docker: 'host.docker.internal', podman: 'host.containers.internal' } as const;

/**
 * The arguments of `run`, without the engine's name. There is no `--rm`: how the container ended (exit code, out of
 * memory) is asked for first, then it is removed.
 */
export function runArguments(run: ContainerRun): string[] {
  const { settings } = run;
  return [
    'run',
    '--name',
    run.name,
    ...Object.entries(run.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    '--pull',
    'never',
    // An init process passes signals on and reaps what the worker leaves (the Python SDK's ping process).
    '--init',
    '--stop-timeout',
    String(run.stopTimeoutSeconds),
    ...networkArguments(run),
    ...(run.cards
      ? cardArguments(run.engine, run.cards)
      : gpuArguments(run.engine, settings.gpus ?? (run.gpuCount > 0 ? 'all' : 0))),
    ...(settings.memoryBytes === undefined ? [] : ['--memory', String(settings.memoryBytes)]),
    ...(settings.shmSizeBytes === undefined ? [] : ['--shm-size', String(settings.shmSizeBytes)]),
    '--env-file',
    run.envFile,
    ...run.passedNames.flatMap((name) => ['--env', name]),
    ...run.volumes.flatMap((volume) => ['--volume', volumeText(volume)]),
    settings.image,
    ...(settings.args ?? []),
  ];
}

function networkArguments({ hasHostNetwork, engine }: ContainerRun): string[] {
  if (hasHostNetwork) return ['--network', 'host'];
  return engine === 'docker' ? ['--add-host', `${HOST_NAMES.docker}:host-gateway`] : [];
}

function gpuArguments(engine: ContainerRun['engine'], gpus: 'all' | number): string[] {
  if (gpus === 0) return [];
  if (engine === 'docker') return ['--gpus', String(gpus)];
  // Podman reads a number as the name of one card, so cards are named by CDI.
  const cards = gpus === 'all' ? ['all'] : Array.from({ length: gpus }, (_, index) => String(index));
  return cards.flatMap((card) => ['--device', `nvidia.com/gpu=${card}`]);
}

function cardArguments(engine: ContainerRun['engine'], cards: readonly Card[]): string[] {
  if (cards.length === 0) return [];
  if (engine === 'docker') {
    // Docker reads the value as a line of CSV, where a comma ends the list of devices but for the quotes.
    return ['--gpus', `"device=${cards.map(({ id }) => id).join(',')}"`];
  }
  // CDI names cards by number unless it was told otherwise, and parts of cards by both numbers; UUIDs are the newer form.
  return cards.flatMap(({ id, index, part }) => [
    '--device',
    `nvidia.com/gpu=${part === undefined ? index : id}`,
  ]);
}

function volumeText({ source, target, options }: ContainerVolume): string {
  return [source, target, ...(options === undefined ? [] : [options])].join(':');
}
