import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerSettings, ContainerVolume } from '../../endpoints/endpoint.ts';
import { type Backend, type BackendWorker, type Recovered, StartError, type WorkerSpec } from '../backend.ts';
import type { BackendPlace } from '../backend-place.ts';
import { type ContainerRun, runArguments } from '../container/arguments.ts';
import { createContainerWorker } from '../container/container-worker.ts';
import {
  type ContainerEngine,
  findEngine,
  hasImage,
  type ListedContainer,
  listContainers,
  removeContainers,
} from '../container/engine.ts';
import { containerEnvironment } from '../container/environment.ts';
import { createImagePuller, type ImagePuller } from '../container/image-pull.ts';
import { openBackendLog } from '../worker-log.ts';

/**
 * Workers as containers of an image, run by Docker or Podman on this machine. Their names and labels carry a hash of
 * the data folder, by which the next gateway of that folder finds what a dead one left; two gateways on one machine
 * never touch each other's.
 */
export interface ContainerBackendOptions extends BackendPlace {
  /** Cards of this machine. */
  readonly gpuCount: number;
  /** Some endpoint has an `image`: the engine is asked for leftovers at the start. */
  readonly isUsed: boolean;
  /** Whether containers share the machine's network (Linux). */
  readonly hasHostNetwork: boolean;
}

/** From SIGTERM to SIGKILL, as Docker has it by default. */
const STOP_TIMEOUT_SECONDS = 10;

/** Where RunPod's workers find their network volume. */
const RUNPOD_VOLUME = '/runpod-volume';

export function createContainerBackend(options: ContainerBackendOptions): Backend {
  const site: Site = {
    ...options,
    root: path.join(options.dataDir, 'containers'),
    dataHash: createHash('sha256').update(options.dataDir).digest('hex').slice(0, 12),
    puller: createImagePuller(),
    engine: rememberEngine(options),
  };
  return {
    kind: 'container',
    recover: () => recover(site),
    start: (spec) => startContainer(site, spec),
  };
}

interface Site extends ContainerBackendOptions {
  /** A folder for each container: its variables, and the proof that this gateway started it. */
  readonly root: string;
  readonly dataHash: string;
  readonly puller: ImagePuller;
  readonly engine: () => Promise<ContainerEngine>;
}

/** Looks for the engine once it is needed, and again while there is none. */
function rememberEngine(options: ContainerBackendOptions): () => Promise<ContainerEngine> {
  let found: Promise<ContainerEngine> | undefined;
  return () => {
    found ??= findEngine(options).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}

function namePrefix({ dataHash }: Site): string {
  return `spillway-${dataHash}-`;
}

async function recover(site: Site): Promise<Recovered> {
  const recorded = await readdir(site.root).catch(() => []);
  if (recorded.length === 0 && !site.isUsed) return { workerIds: [], endedCount: 0 };
  let left: readonly ListedContainer[] = [];
  try {
    const engine = await site.engine();
    left = await listContainers(engine, `spillway.data=${site.dataHash}`);
    await removeContainers(
      engine,
      left.map(({ name }) => name),
    );
  } catch (error) {
    // Without records there is nothing to miss; a start will say that there is no engine.
    if (recorded.length > 0) site.onError('containers of the last gateway could not be looked for', error);
  }
  await Promise.all(recorded.map((id) => rm(path.join(site.root, id), { recursive: true, force: true })));
  const named = left.map(({ name }) => name.slice(namePrefix(site).length));
  return {
    workerIds: [...new Set([...recorded, ...named])],
    endedCount: left.filter(({ isRunning }) => isRunning).length,
  };
}

async function startContainer(site: Site, spec: WorkerSpec): Promise<BackendWorker> {
  const { workerId, endpoint } = spec;
  const { clock, onError } = site;
  const settings = endpoint.container;
  if (!settings) throw new StartError(`can't be started: endpoints.${endpoint.name} has no \`image\``);
  const engine = await site.engine();
  const name = `${namePrefix(site)}${workerId}`;
  const folder = path.join(site.root, workerId);
  const { file, passed } = containerEnvironment(spec.env, engine.env);
  const volumes = await prepareVolumes(site, endpoint.name, settings);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const envFile = path.join(folder, 'worker.env');
  await writeFile(envFile, file, { mode: 0o600 });
  const run: ContainerRun = {
    engine: engine.kind,
    name,
    labels: {
      'spillway.data': site.dataHash,
      'spillway.worker': workerId,
      'spillway.endpoint': endpoint.name,
    },
    settings,
    gpuCount: site.gpuCount,
    ...(spec.cards ? { cards: spec.cards } : {}),
    envFile,
    passedNames: Object.keys(passed),
    volumes,
    hasHostNetwork: site.hasHostNetwork,
    stopTimeoutSeconds: STOP_TIMEOUT_SECONDS,
  };
  const log = await openBackendLog(site, workerId, endpoint.name);
  const isHere = await hasImage(engine, settings.image);
  return createContainerWorker({
    id: workerId,
    name,
    engine,
    settings,
    command: [engine.program, ...runArguments(run)],
    env: { ...engine.env, ...passed },
    cwd: site.dataDir,
    log,
    clock,
    onError,
    ...(isHere ? {} : { pull: (signal) => site.puller.pull(engine, settings.image, log, signal) }),
    forget: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  });
}

/** The endpoint's folders, made where they don't exist: the engine would make them as root. */
async function prepareVolumes(
  site: Site,
  endpoint: string,
  { volumes }: ContainerSettings,
): Promise<readonly ContainerVolume[]> {
  const own = { source: path.join(site.dataDir, 'volumes', endpoint), target: RUNPOD_VOLUME };
  const all = volumes.some(({ target }) => target.replace(/\/+$/, '') === RUNPOD_VOLUME)
    ? volumes
    : [...volumes, own];
  for (const { source } of all) {
    if (!path.isAbsolute(source)) continue;
    if (source.includes(':')) {
      throw new StartError(
        `can't be started: containers can't see the folder ${source}, since its path holds a colon; use another one (\`data\`, \`volumes\`)`,
      );
    }
    await mkdir(source, { recursive: true }).catch((error: Error) => {
      throw new StartError(
        `can't be started: the folder ${source} (endpoints.${endpoint}.volumes) can't be made: ${error.message}`,
      );
    });
  }
  return all;
}
