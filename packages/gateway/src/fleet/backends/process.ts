import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Backend, type BackendWorker, StartError, type WorkerSpec } from '../backend.ts';
import type { BackendPlace } from '../backend-place.ts';
import { launchGuarded } from '../guarded-process.ts';
import { endOrphans, forgetWorker, recordWorker, workerFolder } from '../orphans.ts';
import { inheritedEnvironment } from '../worker-environment.ts';
import { openBackendLog } from '../worker-log.ts';

/** Workers as processes of this machine, each with its children and its watchdog in a process group of its own. */
export function createProcessBackend(place: BackendPlace): Backend {
  const root = path.join(place.dataDir, 'workers');
  return {
    kind: 'process',
    recover: () => endOrphans(root, place.clock),
    start: (spec) => startProcess(place, root, spec),
  };
}

async function startProcess(place: BackendPlace, root: string, spec: WorkerSpec): Promise<BackendWorker> {
  const { workerId, endpoint } = spec;
  const { clock, onError } = place;
  await assertFolder(endpoint.cwd, `endpoints.${endpoint.name}.cwd`);
  const home = path.join(workerFolder(root, workerId), 'home');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const log = await openBackendLog(place, workerId, endpoint.name);
  const env = { ...inheritedEnvironment(place.hostEnv), ...spec.env, HOME: home };
  const { command, cwd } = endpoint;
  const child = await launchGuarded({ command, cwd, env, log, clock }).catch(async (error: Error) => {
    await log.close();
    await forgetWorker(root, workerId);
    throw new StartError(`can't be started: ${error.message}`);
  });
  const { pid } = child;
  void log.write('gateway', `started ${command.join(' ')} (pid ${pid})\n`);
  const recorded = recordWorker(root, workerId, pid, endpoint.name).catch((error) =>
    onError(`worker ${workerId} can't be recorded`, error),
  );
  const exited = child.exited.then(async (exit) => {
    await log.close();
    // A worker may end sooner than it is recorded.
    await recorded;
    await forgetWorker(root, workerId).catch((error) =>
      onError(`the folder of worker ${workerId} can't be removed`, error),
    );
    return exit;
  });
  await Promise.all([recorded, child.standing]);
  return {
    id: workerId,
    pid,
    exited,
    log,
    terminate: () => child.signal('SIGTERM'),
    kill: () => child.signal('SIGKILL'),
  };
}

async function assertFolder(folder: string, name: string): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory()) return;
  const found = info ? 'is no folder' : 'does not exist';
  throw new StartError(`can't be started: the folder ${folder} (${name}) ${found}`);
}
