import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type ArtifactStore, partCount, partSize, planParts } from '@spillway/artifacts';
import type { MadeFile } from './make-results.ts';
import type { ResultEntry } from './status-record.ts';
import { pickleKey, resultKey } from './video-keys.ts';

/** From here on a file goes in parts, so that one that breaks off does not begin anew. */
const IN_PARTS_FROM_BYTES = 64 * 1024 * 1024;

/** Puts a result of a job where its callers find it: the pickle under its old name, everything else beside it. */
export async function saveResult(
  store: ArtifactStore,
  jobId: string,
  { kind, name, path, mediaType }: MadeFile,
): Promise<ResultEntry> {
  const key = kind === 'pkl' ? pickleKey(jobId) : resultKey(jobId, name);
  const { size: sizeBytes } = await stat(path);
  if (store.kind === 'disk' || sizeBytes < IN_PARTS_FROM_BYTES)
    await store.put(key, createReadStream(path), { mediaType, sizeBytes });
  else await putInParts(store, key, path, { mediaType, sizeBytes });
  return { kind, name, key, size_bytes: sizeBytes };
}

async function putInParts(
  store: ArtifactStore,
  key: string,
  path: string,
  { mediaType, sizeBytes }: { mediaType: string; sizeBytes: number },
): Promise<void> {
  const plan = planParts(sizeBytes);
  const upload = { key, ...plan, uploadId: await store.multipart.create(key, { ...plan, mediaType }) };
  try {
    for (let number = 1; number <= partCount(plan); number += 1) {
      const start = (number - 1) * plan.partSizeBytes;
      const end = start + partSize(plan, number) - 1;
      const { url, headers } = await store.multipart.presignPart(upload, number, { expiresInMs: 3_600_000 });
      const body = Readable.toWeb(createReadStream(path, { start, end }));
      const length = { 'content-length': String(end - start + 1) };
      const options = { method: 'PUT', headers: { ...headers, ...length }, body, duplex: 'half' };
      const reply = await fetch(url, options as unknown as RequestInit);
      if (!reply.ok) throw new Error(`part ${number} of ${key} was refused (${reply.status})`);
    }
    await store.multipart.complete(upload);
  } catch (error) {
    await store.multipart.abort(upload);
    throw error;
  }
}
