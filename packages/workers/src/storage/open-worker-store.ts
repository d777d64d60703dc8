import path from 'node:path';
import { type ArtifactStore, createGatewayStore, openBucket, readStorageSettings } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import type { Environment } from '../environment.ts';
import { createFolderStore, fileOfKey } from './folder-store.ts';
import { readWorkerLink } from './worker-link.ts';

export interface WorkerStore {
  readonly store: ArtifactStore;
  /** In words, without secrets. */
  readonly place: string;
  /** Of what lies on this machine: the file itself. */
  fileOf(key: string): string | undefined;
}

const DEFAULT_FOLDER = 'spillway-files';

/**
 * Where this worker keeps files: the bucket that its environment names, else a folder that it names, else the gateway
 * that it is connected to, else a folder.
 * @throws Error whose message is a sentence for the user.
 */
export async function openWorkerStore(env: Environment, clock: Pick<Clock, 'now'>): Promise<WorkerStore> {
  const settings = readStorageSettings(env);
  if (settings) {
    const store = await openBucket(settings, clock);
    return { store, place: `${settings.provider} bucket ${settings.bucket}`, fileOf: () => undefined };
  }
  const link = readWorkerLink(env);
  const named = env.STORAGE_DIR?.trim() || undefined;
  if (link?.kind === 'gateway' && named === undefined) {
    return { store: createGatewayStore(link), place: `gateway ${link.origin}`, fileOf: () => undefined };
  }
  const folder = path.resolve(named ?? DEFAULT_FOLDER);
  const store = createFolderStore(folder, clock);
  return { store, place: `folder ${folder}`, fileOf: (key) => fileOfKey(folder, key) };
}
