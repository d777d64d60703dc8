import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ArtifactError } from './artifact-error.ts';
import { checkKey } from './artifact-key.ts';
import type { ArtifactInfo, MultipartUploads, StoredPart, UploadRef } from './artifact-store.ts';
import { isMissing, removeFile, writeJson, writeStream } from './disk-files.ts';
import { exactBytes } from './exact-bytes.ts';
import { uploadGone } from './not-found.ts';
import { checkParts, partSize } from './part-plan.ts';
import type { ShortIds } from './short-ids.ts';
import type { SignedTerms } from './signed-url.ts';

export interface DiskUploads extends MultipartUploads {
  /** Takes the bytes of a part. A second try ends the first one, whose sender is gone. */
  putPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<StoredPart>;
}

export interface DiskUploadsOptions {
  readonly folder: string;
  readonly ids: ShortIds;
  /** Makes an artifact of a file. */
  publish(key: string, file: string, mediaType: string): Promise<ArtifactInfo>;
  head(key: string): Promise<ArtifactInfo | undefined>;
  sign(terms: Omit<SignedTerms, 'expires'>, expiresInMs: number): { url: string; expiresAt: number };
}

interface UploadRecord {
  readonly key: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
}

const UPLOAD_ID = /^[a-z0-9]{8,64}$/;
const PART_FILE = /^part-(\d+)\.json$/;

/**
 * Uploads in parts on disk. Since parts are of one size each is written where it belongs in the one file `data`, so that
 * completing is a rename however large it is; `part-<n>.json` says, once its bytes are on disk, that a part is there.
 */
export function createDiskUploads({ folder, ids, publish, head, sign }: DiskUploadsOptions): DiskUploads {
  const newest = createNewestOnly();

  function placeOf(uploadId: string): string {
    if (!UPLOAD_ID.test(uploadId)) throw uploadGone();
    return path.join(folder, uploadId);
  }
  async function recordOf(key: string, uploadId: string): Promise<UploadRecord> {
    const record = await readJson<UploadRecord>(path.join(placeOf(uploadId), 'upload.json'));
    if (record?.key !== key) throw uploadGone();
    return record;
  }
  const write = (place: string, name: string, value: unknown) =>
    writeJson(path.join(place, name), value, path.join(place, `.${ids.short(12)}`));

  async function listParts({ key, uploadId }: UploadRef): Promise<readonly StoredPart[]> {
    await recordOf(key, uploadId);
    const place = placeOf(uploadId);
    const names = (await readdir(place)).filter((name) => PART_FILE.test(name));
    const parts = await Promise.all(names.map((name) => readJson<StoredPart>(path.join(place, name))));
    return parts.filter((part) => part !== undefined).toSorted((a, b) => a.partNumber - b.partNumber);
  }

  return {
    listParts,
    async create(key, { mediaType, sizeBytes, partSizeBytes }) {
      const uploadId = ids.short(32);
      const place = placeOf(uploadId);
      await mkdir(place, { recursive: true });
      await (await open(path.join(place, 'data'), 'w')).close();
      await write(place, 'upload.json', { key: checkKey(key), mediaType, sizeBytes, partSizeBytes });
      return uploadId;
    },
    async presignPart(upload, partNumber, { expiresInMs }) {
      const { key, uploadId } = upload;
      const size = partSize(upload, partNumber);
      const terms = { method: 'PUT', key: checkKey(key), size, upload: uploadId, part: partNumber } as const;
      return { method: 'PUT', headers: {}, ...sign(terms, expiresInMs) };
    },
    async putPart(key, uploadId, partNumber, body) {
      const record = await recordOf(key, uploadId);
      const place = placeOf(uploadId);
      const taken = newest(`${uploadId} ${partNumber}`, body, async (bytes) => {
        const written = await writePart(place, record, partNumber, bytes);
        const part: StoredPart = { ...written, etag: `"${ids.short(16)}"` };
        await write(place, markerOf(partNumber), part);
        return part;
      });
      return taken.catch((error: unknown) => {
        // Aborted while its bytes came.
        throw isMissing(error) ? uploadGone() : error;
      });
    },
    async complete(upload) {
      const { key, uploadId } = upload;
      const record = await recordOf(key, uploadId);
      const place = placeOf(uploadId);
      checkParts(record, await listParts(upload));
      const info = await publish(key, path.join(place, 'data'), record.mediaType).catch(
        async (error: unknown) => {
          // Moved already by one that was killed before it could say so.
          const there = isMissing(error) ? await head(key) : undefined;
          if (!there) throw error;
          return there;
        },
      );
      await rm(place, { recursive: true, force: true });
      return info;
    },
    async abort({ uploadId }) {
      // Of a bucket that this folder took the place of: nothing is here, and what is over its time is to be forgotten.
      if (UPLOAD_ID.test(uploadId)) await rm(placeOf(uploadId), { recursive: true, force: true });
    },
  };
}

/** In its place in `data`; while it is written anew it counts as missing. */
async function writePart(
  place: string,
  record: UploadRecord,
  partNumber: number,
  body: AsyncIterable<Uint8Array>,
): Promise<Omit<StoredPart, 'etag'>> {
  const sizeBytes = partSize(record, partNumber);
  await removeFile(path.join(place, markerOf(partNumber)));
  const position = (partNumber - 1) * record.partSizeBytes;
  await writeStream(path.join(place, 'data'), 'r+', position, exactBytes(body, sizeBytes));
  return { partNumber, sizeBytes };
}

const markerOf = (partNumber: number) => `part-${partNumber}.json`;

/** Lets only the newest of several bodies for one place be written; the one before it ends with an error. */
function createNewestOnly() {
  const writing = new Map<string, { stop: AbortController; ended: Promise<unknown> }>();
  return async <T>(
    place: string,
    body: AsyncIterable<Uint8Array>,
    write: (body: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> => {
    const before = writing.get(place);
    before?.stop.abort();
    const stop = new AbortController();
    const work = (before?.ended ?? Promise.resolve()).then(() => write(stoppable(body, stop.signal)));
    const mine = { stop, ended: work.catch(() => {}) };
    writing.set(place, mine);
    try {
      return await work;
    } finally {
      if (writing.get(place) === mine) writing.delete(place);
    }
  };
}

async function* stoppable(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const stopped = new Promise<never>((_resolve, reject) => {
    const stop = () =>
      reject(new ArtifactError('ARTIFACT_MISMATCH', 'the part is being sent anew by another call'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  stopped.catch(() => {});
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([chunks.next(), stopped]);
    if (next.done) return;
    yield next.value;
  }
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
