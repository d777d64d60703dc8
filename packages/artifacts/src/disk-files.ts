import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { ArtifactError } from './artifact-error.ts';

/** What the disk's store asks of its files: writes that a crash leaves either whole or undone. */

/** In place of what is there. On disk when it resolves. */
export async function writeJson(file: string, value: unknown, temporary: string): Promise<void> {
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(JSON.stringify(value)).catch(refuseFull);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await moveTo(temporary, file);
}

/** Of folders that go with their last file while another one comes. */
const TRIES = 20;

/** Moves it there, folders included. On disk when it resolves. */
export async function moveTo(from: string, to: string, move: typeof rename = rename): Promise<void> {
  const folder = path.dirname(to);
  for (let tries = 1; ; tries += 1) {
    try {
      await mkdir(folder, { recursive: true }).catch(refuseFull);
      await move(from, to);
      break;
    } catch (error) {
      if (!isMissing(error) || tries === TRIES) throw error;
    }
  }
  const handle = await open(folder, 'r').catch(ignoreMissing);
  // What was deleted since has nothing to keep.
  if (!handle) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same, but never in place of what is there: answers false then. */
export async function moveToNew(from: string, to: string): Promise<boolean> {
  try {
    await moveTo(from, to, link);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Writes what comes from `position` on; answers how much it was. On disk when it resolves. */
export async function writeStream(
  file: string,
  flags: 'w' | 'r+',
  position: number,
  body: AsyncIterable<Uint8Array>,
): Promise<number> {
  const handle = await open(file, flags);
  let written = 0;
  try {
    for await (const chunk of body) {
      for (let done = 0; done < chunk.length; ) {
        const rest = chunk.length - done;
        const { bytesWritten } = await handle.write(chunk, done, rest, position + written).catch(refuseFull);
        done += bytesWritten;
        written += bytesWritten;
      }
    }
    await handle.datasync().catch(refuseFull);
    return written;
  } finally {
    await handle.close();
  }
}

export async function removeFile(file: string): Promise<void> {
  await unlink(file).catch(ignoreMissing);
}

/** The file, and folders in which nothing is any more; those right in `root` stay. */
export async function removeBelow(root: string, file: string): Promise<void> {
  await removeFile(file);
  for (let at = path.dirname(file); path.relative(root, at).includes(path.sep); at = path.dirname(at)) {
    const isGone = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}

export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function refuseFull(error: unknown): never {
  if (!['ENOSPC', 'EDQUOT'].includes(String(codeOf(error)))) throw error;
  const sentence = 'the disk of artifacts is full: make room there; nothing was kept';
  throw new ArtifactError('STORAGE_UNAVAILABLE', sentence, { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
