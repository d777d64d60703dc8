import { ArtifactError } from './artifact-error.ts';

/** Of writers that come between a look and its read; each try reads what the last of them wrote. */
const TRIES = 20;

/**
 * An artifact is looked at, and then its bytes are asked for: what takes its place in between would be read by the size of
 * the one before, and so cut off.
 * @param read answers undefined where that happened.
 */
export async function readUnchanged<T>(key: string, read: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await read();
    if (found !== undefined) return found;
  }
  throw new ArtifactError('STORAGE_UNAVAILABLE', `${key} is written too often to be read; try again`);
}
