import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type ArtifactStore, partCount, partSize, planParts } from '@spillway/artifacts';
import { type MomentPicture, momentPictureName } from '../report/moment-picture.ts';
import { MEDIA_TYPES, RESULT_FORMATS } from '../results/formats.ts';
import type { SequenceResult } from '../results/result.ts';
import { writeResult } from '../results/write-result.ts';
import type { ResultEntry } from './status-record.ts';
import { pickleKey, resultKey } from './video-keys.ts';

/** Puts the results of a job where its callers find them: the pickle under its old name, everything else beside it. */
export interface ResultSaver {
  bytes(kind: string, name: string, bytes: Uint8Array, mediaType: string): Promise<ResultEntry>;
  /** A file of this machine, of any size. */
  file(kind: string, name: string, path: string, mediaType: string): Promise<ResultEntry>;
}

/** From here on a file goes in parts, so that one that breaks off does not begin anew. */
const IN_PARTS_FROM_BYTES = 64 * 1024 * 1024;

export function createResultSaver(store: ArtifactStore, jobId: string): ResultSaver {
  const keyOf = (kind: string, name: string) => (kind === 'pkl' ? pickleKey(jobId) : resultKey(jobId, name));
  return {
    async bytes(kind, name, bytes, mediaType) {
      const key = keyOf(kind, name);
      await store.put(key, once(bytes), { mediaType, sizeBytes: bytes.length });
      return { kind, name, key, size_bytes: bytes.length };
    },
    async file(kind, name, path, mediaType) {
      const key = keyOf(kind, name);
      const { size: sizeBytes } = await stat(path);
      if (store.kind === 'disk' || sizeBytes < IN_PARTS_FROM_BYTES)
        await store.put(key, createReadStream(path), { mediaType, sizeBytes });
      else await putInParts(store, key, path, { mediaType, sizeBytes });
      return { kind, name, key, size_bytes: sizeBytes };
    },
  };
}

/** Of the result, all forms, and the pictures of its worst moments beside them. */
export async function saveForms(
  save: ResultSaver,
  result: SequenceResult,
  pictures: readonly MomentPicture[],
): Promise<ResultEntry[]> {
  const entries = [
    await save.bytes('json', 'ergonomics.json', Buffer.from(JSON.stringify(result)), 'application/json'),
  ];
  for (const format of RESULT_FORMATS) {
    const bytes = await writeResult(format, result, pictures);
    entries.push(await save.bytes(format, `ergonomics.${format}`, bytes, MEDIA_TYPES[format]));
  }
  for (const { rank, jpeg } of pictures)
    entries.push(await save.bytes('picture', momentPictureName(rank), jpeg, 'image/jpeg'));
  return entries;
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
