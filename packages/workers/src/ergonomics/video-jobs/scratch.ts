import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Folders of attempts, each named after the process that it belongs to, so that those of dead ones can be told. */
const NAME = /^spillway-video-(\d+)-/;

export function createScratch(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), `spillway-video-${process.pid}-`));
}

/** Deletes what attempts left behind whose process was killed. */
export async function clearDeadScratch(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (!Number.isNaN(pid) && !isAlive(pid))
      await rm(path.join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of another user is alive, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
