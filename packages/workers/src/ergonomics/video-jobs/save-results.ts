import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  ArtifactError,
  type ArtifactStore,
  partCount,
  partSize,
  planParts,
  type SignedRequest,
} from '@spillway/artifacts';
import type { MadeFile } from './make-results.ts';
import type { Patiently } from './patience.ts';
import { fileBody } from './replayed-body.ts';
import type { ResultEntry } from './status-record.ts';
import { pickleKey, resultKey } from './video-keys.ts';

/** From here on a file goes in parts, so that one that breaks off does not begin anew. */
const IN_PARTS_FROM_BYTES = 64 * 1024 * 1024;

export interface Saving {
  readonly patiently: Patiently;
  /** Ends it between parts, and in them. */
  readonly signal: AbortSignal;
}

/** Puts a result of a job where its callers find it: the pickle under its old name, everything else beside it. */
export async function saveResult(
  store: ArtifactStore,
  jobId: string,
  { kind, name, path, mediaType }: MadeFile,
  work: Saving,
): Promise<ResultEntry> {
  const key = kind === 'pkl' ? pickleKey(jobId) : resultKey(jobId, name);
  const { size: sizeBytes } = await stat(path);
  if (store.kind === 'disk' || sizeBytes < IN_PARTS_FROM_BYTES)
    await store.put(key, fileBody(path), { mediaType, sizeBytes });
  else await putWhole(() => putInParts(store, key, path, { mediaType, sizeBytes, ...work }));
  return { kind, name, key, size_bytes: sizeBytes };
}

/** An upload whose end was not heard is gone when its end is asked for again, and whether it became the file is not told. */
async function putWhole(put: () => Promise<void>): Promise<void> {
  try {
    await put();
  } catch (error) {
    if (!(error instanceof ArtifactError && error.code === 'UPLOAD_NOT_FOUND')) throw error;
    await put();
  }
}

async function putInParts(
  store: ArtifactStore,
  key: string,
  path: string,
  { mediaType, sizeBytes, patiently, signal }: Saving & { mediaType: string; sizeBytes: number },
): Promise<void> {
  const plan = planParts(sizeBytes);
  const upload = { key, ...plan, uploadId: await store.multipart.create(key, { ...plan, mediaType }) };
  try {
    for (let number = 1; number <= partCount(plan); number += 1) {
      const start = (number - 1) * plan.partSizeBytes;
      const end = start + partSize(plan, number) - 1;
      await patiently(async () => {
        signal.throwIfAborted();
        const signed = await store.multipart.presignPart(upload, number, { expiresInMs: 3_600_000 });
        await sendPart(signed, path, { start, end }, signal);
      });
    }
    await store.multipart.complete(upload);
  } catch (error) {
    // What went wrong counts, and not that this went wrong, too: an upload that is left behind ends by its age.
    await store.multipart.abort(upload).catch(() => {});
    throw error;
  }
}

async function sendPart(
  { url, headers }: SignedRequest,
  path: string,
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal,
): Promise<void> {
  const length = { 'content-length': String(range.end - range.start + 1) };
  const body = Readable.toWeb(Readable.from(fileBody(path, range)));
  const options = { method: 'PUT', headers: { ...headers, ...length }, body, duplex: 'half', signal };
  const reply = await fetch(url, options as unknown as RequestInit).catch((cause: unknown) => {
    throw new ArtifactError('STORAGE_UNAVAILABLE', 'the connection to the storage broke off', { cause });
  });
  await reply.body?.cancel();
  if (!reply.ok) throw refusalOf(reply.status);
}

/** Only what may pass is waited for. */
function refusalOf(status: number): Error {
  const message = `a part of a result was refused by the storage (${status})`;
  if (status === 404) return new ArtifactError('UPLOAD_NOT_FOUND', message);
  const isForNow = status >= 500 || status === 408 || status === 429;
  return isForNow ? new ArtifactError('STORAGE_UNAVAILABLE', message) : new Error(message);
}
