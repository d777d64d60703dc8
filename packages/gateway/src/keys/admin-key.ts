import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ids } from '../lib/ids.ts';

export interface AdminKey {
  readonly secret: string;
  /** Made now: to be shown once. */
  readonly isNew: boolean;
  /** File that holds it, when it was not given by the environment. */
  readonly file?: string;
}

/**
 * The admin key: from `SPILLWAY_ADMIN_KEY`, else from the key file of the data directory (mode 0600), where the first
 * start puts a fresh one so that the CLI on the same machine finds it.
 */
export function resolveAdminKey(dataDir: string, given: string | undefined, ids: Ids): AdminKey {
  if (given !== undefined && given !== '') {
    if (given.length < 16) {
      throw new Error(
        'SPILLWAY_ADMIN_KEY is too short: use at least 16 characters, or leave it out and one is made for you',
      );
    }
    return { secret: given, isNew: false };
  }
  const file = join(dataDir, 'admin.key');
  if (existsSync(file)) return { secret: readFileSync(file, 'utf8').trim(), isNew: false, file };
  const secret = `spk_${ids.secret(24)}`;
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return { secret, isNew: true, file };
}
