import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { clearIncoming } from './disk-objects.ts';
import { createDiskStore } from './disk-store.ts';
import { readStorageSettings } from './s3-settings.ts';

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
  // Loaded only where it is used: the SDK takes longer to load than the rest of the gateway.
  const [{ createS3Calls }, { createS3Store }] = await Promise.all([
    import('./s3-client.ts'),
    import('./s3-store.ts'),
  ]);
  return createS3Store(createS3Calls(settings), clock);
}

/** Signs URLs; kept in the data directory (mode 0600), so that those that were given out survive a restart. */
function resolveSecret(dataDir: string): string {
  const file = path.join(dataDir, 'artifacts.secret');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}
