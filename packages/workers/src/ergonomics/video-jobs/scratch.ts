import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Folders of attempts, each named after the process that it belongs to, so that those of dead ones can be told; and after its
 * machine, since containers that share a disk have processes of the same numbers.
 */
const NAME = /^spillway-video-(\d+)-([\w.]+)-\w+$/;
const machine = () => hostname().replaceAll(/[^\w.]/g, '_');

export function createScratch(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), `spillway-video-${process.pid}-${machine()}-`)).catch(
    (error: unknown) => {
      throw asNoRoom(error);
    },
  );
}

/** Deletes what attempts left behind whose process was killed. */
export async function clearDeadScratch(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, number, at] = NAME.exec(name) ?? [];
    const pid = Number(number);
    // In a container that is started again the worker has the number that the dead one had.
    if (at === machine() && (pid === process.pid || !isAlive(pid)))
      await rm(path.join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** There is no room for what an attempt writes on this machine. The message is a sentence for whoever runs the worker. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';

  constructor(options?: ErrorOptions) {
    super(
      `the disk of the worker is full: make room in its temporary folder ${tmpdir()}, or name another one by TMPDIR`,
      options,
    );
  }
}

/** @throws NoRoomError where so many bytes don't fit. */
export async function expectRoom(folder: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < sizeBytes) throw new NoRoomError();
}

/** Files, threads and ffmpeg each say it in their own way. */
export function asNoRoom(error: unknown): unknown {
  const isFull = error instanceof Error && /\bENOSPC\b|\bEDQUOT\b|No space left/i.test(error.message);
  return isFull ? new NoRoomError({ cause: error }) : error;
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
