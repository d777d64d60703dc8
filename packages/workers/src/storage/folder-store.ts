import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ArtifactError, type ArtifactStore, checkKey, createDiskStore } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';

const HEX = 16;
const ids = {
  short: (length: number) =>
    randomBytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length),
};

/** A file of a folder store, for programs on the same machine. */
export const fileOfKey = (folder: string, key: string) => path.join(folder, 'objects', checkKey(key));

/**
 * Artifacts in a folder of this machine, for one worker without gateway and bucket. Nobody serves its URLs, so they are
 * those of files: whoever works on this machine may copy to and from them.
 */
export function createFolderStore(folder: string, clock: Pick<Clock, 'now'>): ArtifactStore {
  const disk = createDiskStore({ folder, clock, ids, secret: randomBytes(HEX).toString('hex') });
  const urlOf = (key: string) => pathToFileURL(fileOfKey(folder, key)).href;
  const signed = (method: 'GET' | 'PUT', key: string, expiresInMs: number) => ({
    ...{ method, url: urlOf(key), headers: {}, expiresAt: clock.now() + expiresInMs },
  });
  return {
    ...disk,
    presignPut: async (key, { expiresInMs }) => signed('PUT', key, expiresInMs),
    presignGet: async (key, { expiresInMs }) => signed('GET', key, expiresInMs),
    multipart: {
      ...disk.multipart,
      async presignPart() {
        throw new ArtifactError(
          'INPUT_INVALID',
          `files are kept in the folder ${folder}: copy the whole file there, or set STORAGE_PROVIDER`,
        );
      },
    },
  };
}
