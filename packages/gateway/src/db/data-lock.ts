import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const SQLITE_BUSY = 5;

/**
 * Takes the data directory for this process. The lock is one that the operating system drops when the process ends in
 * any way, so a killed gateway leaves nothing to clean up. Throws DataDirectoryBusyError with the holder's pid and URL,
 * or an Error whose message is a sentence for the user.
 */
export function lockDataDirectory(folder: string): DataLock {
  makeWritable(folder);
  const holderFile = join(folder, 'gateway.json');
  const lock = new DatabaseSync(join(folder, 'gateway.lock'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error;
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

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only; choose another with --data',
  ENOSPC: 'the disk is full; free some space, or choose another with --data',
  EACCES: 'this user may not write there; check its owner and permissions, or choose another with --data',
  EPERM: 'this user may not write there; check its owner and permissions, or choose another with --data',
  EEXIST: 'it is a file; choose another with --data',
  ENOTDIR: 'a part of its path is a file; choose another with --data',
};

/** Makes the folder and writes to it once: the reasons of the system are better than those of the database. */
function makeWritable(folder: string): void {
  const probe = join(folder, '.write-test');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(probe, 'x');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`can't write to the data directory ${folder}: ${REASONS[code] ?? message}`, {
      cause: error,
    });
  } finally {
    if (existsSync(probe)) rmSync(probe);
  }
}

function readHolder(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown; url?: unknown };
    return ` (process ${String(holder.pid)}, ${String(holder.url)})`;
  } catch {
    return '';
  }
}
