import path from 'node:path';
import type { Clock } from '@spillway/sdk/clock';
import { checkKey } from './artifact-key.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { createDiskObjects } from './disk-objects.ts';
import { createDiskUploads, type DiskUploads } from './disk-uploads.ts';
import type { ShortIds } from './short-ids.ts';
import { readSignedUrl, type SignedCall, type SignedTerms, signUrl } from './signed-url.ts';

export interface DiskStoreOptions {
  readonly folder: string;
  /** Signs URLs. */
  readonly secret: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: ShortIds;
}

/** What the gateway needs besides, since it serves this store's URLs itself. */
export interface DiskStore extends ArtifactStore {
  readonly kind: 'disk';
  readonly multipart: DiskUploads;
  /** Throws URL_INVALID or URL_EXPIRED. */
  verify(call: SignedCall): SignedTerms;
}

/** Artifacts in a folder of this machine, under URLs of this gateway. */
export function createDiskStore({ folder, secret, clock, ids }: DiskStoreOptions): DiskStore {
  const objects = createDiskObjects(folder, ids);

  function sign(terms: Omit<SignedTerms, 'expires'>, expiresInMs: number) {
    const expires = Math.ceil((clock.now() + expiresInMs) / 1000);
    return { url: signUrl(secret, { ...terms, expires }), expiresAt: expires * 1000 };
  }
  const { publish, ...whole } = objects;

  return {
    ...whole,
    kind: 'disk',
    multipart: createDiskUploads({
      ...{ folder: path.join(folder, 'uploads'), ids, publish, head: objects.head, sign },
    }),
    async presignPut(key, wanted) {
      const { expiresInMs } = wanted;
      const target = { method: 'PUT', key: checkKey(key) } as const;
      if ('mostBytes' in wanted)
        return { method: 'PUT', headers: {}, ...sign({ ...target, most: wanted.mostBytes }, expiresInMs) };
      const { mediaType, sizeBytes, onlyNew = false } = wanted;
      const said = { ...target, size: sizeBytes, type: mediaType };
      const terms = onlyNew ? { ...said, once: true } : said;
      return { method: 'PUT', headers: { 'content-type': mediaType }, ...sign(terms, expiresInMs) };
    },
    async presignGet(key, { mediaType, name, expiresInMs }) {
      const terms = { method: 'GET', key: checkKey(key), type: mediaType, name } as const;
      return { method: 'GET', headers: {}, ...sign(terms, expiresInMs) };
    },
    verify: (call) => readSignedUrl(secret, { ...call, key: checkKey(call.key) }, clock.now()),
  };
}
