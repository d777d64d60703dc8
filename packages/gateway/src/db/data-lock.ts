import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A second gateway over the same data directory would deliver jobs twice. */
export class DataDirectoryBusyError extends Error {
  override readonly name = 'DataDirectoryBusyError';
}

export interface DataLock {
  /** Tells later callers who holds the directory and where it listens. */
  describe(holder: { pid: number; url: string }): void;
  release(): void;
}

/**
 * Takes the data directory for this process. The lock is one that the operating system drops when the process ends in
 * any way, so a killed gateway leaves nothing to clean up. Throws DataDirectoryBusyError with the holder's pid and URL.
 */
export function lockDataDirectory(folder: string): DataLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const holderFile = join(folder, 'gateway.json');
  const lock = new DatabaseSync(join(folder, 'gateway.lock'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new DataDirectoryBusyError(
      `the data directory ${folder} is in use by another gateway${readHolder(holderFile)}; stop that one, or start this one with another --data`,
    );
  }
  return {
    describe: (holder) => writeFileSync(holderFile, JSON.stringify(holder)),
    release: () => {
      rmSync(holderFile, { force: true });
      lock.close();
    },
  };
}

function readHolder(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown; url?: unknown };
    return ` (process ${String(holder.pid)}, ${String(holder.url)})`;
  } catch {
    return '';
  }
}
