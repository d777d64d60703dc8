import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type ArtifactStore,
  clearIncoming,
  createDiskStore,
  openBucket,
  readStorageSettings,
} from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';

export interface OpenStoreOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** The store that the environment names. Throws an Error whose message is a sentence for the user. */
export async function openArtifactStore({
  env,
  dataDir,
  clock,
  ids,
}: OpenStoreOptions): Promise<ArtifactStore> {
  const settings = readStorageSettings(env);
  if (!settings) {
    const folder = path.join(dataDir, 'artifacts');
    await clearIncoming(folder);
    return createDiskStore({ folder, secret: resolveSecret(dataDir), clock, ids });
  }
  return openBucket(settings, clock);
}

/** Signs URLs; kept in the data directory (mode 0600), so that those that were given out survive a restart. */
function resolveSecret(dataDir: string): string {
  const file = path.join(dataDir, 'artifacts.secret');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}
