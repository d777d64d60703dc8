import { buffer } from 'node:stream/consumers';
import { ArtifactError, type ArtifactStore, partCount, planParts, type UploadRef } from '@spillway/artifacts';
import { type Asker, isVisitor, mayUse } from './ownership.ts';
import { arriving } from './patience.ts';
import { bytesBody } from './replayed-body.ts';
import { VideoActionError } from './video-action-error.ts';
import { parseFields, schemas } from './video-input.ts';
import { extensionOf, extensionsText, isUploadKey, uploadNoteKey } from './video-keys.ts';
import type { VideoSettings } from './video-settings.ts';

/** Getting a video into the store: by one URL, or in parts that go on after a break. */
export interface UploadParts {
  readonly store: ArtifactStore;
  readonly settings: VideoSettings;
  /** Lower-case letters and digits. */
  readonly newId: (length: number) => string;
}

type Fields = Readonly<Record<string, unknown>>;

/** What is known of an upload besides its bytes. */
interface UploadNote {
  readonly name: string;
  /** Whose upload it is. */
  readonly owner?: string | undefined;
  readonly upload?: { readonly id: string; readonly size_bytes: number; readonly part_size_bytes: number };
}

const UPLOAD_URL_S = 3_600;
const ID_LENGTH = 32;
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  avi: 'video/x-msvideo',
  mov: 'video/quicktime',
  mkv: 'video/x-matroska',
  webm: 'video/webm',
};

export function createUploadActions(parts: UploadParts) {
  const { store, settings } = parts;

  function issue(filename: string | undefined): { key: string; name: string; mediaType: string } {
    const id = parts.newId(ID_LENGTH);
    const name = filename?.trim() || `video_${id.slice(0, 8)}.mp4`;
    const extension = extensionOf(name);
    if (extension === undefined || !settings.extensions.includes(extension)) {
      const known = extensionsText(settings.extensions);
      throw new VideoActionError(`filename: expected a video (${known}), got "${name}"`);
    }
    const mediaType = MEDIA_TYPES[extension] ?? 'video/mp4';
    return { key: `uploads/video_${id}.${extension}`, name, mediaType };
  }

  return {
    async generate_upload_url(fields: Fields, asker: Asker) {
      refuseVisitor(asker);
      const { submitter: owner } = asker;
      const { key, name } = issue(parseFields(schemas.generateUploadUrl, fields).filename);
      await writeNote(store, key, { name, owner });
      const terms = { mostBytes: settings.maxBytes, expiresInMs: UPLOAD_URL_S * 1000 };
      const request = await store.presignPut(key, terms);
      return success({ upload_url: request.url, video_key: key, expires_in: UPLOAD_URL_S });
    },
    async create_multipart_upload(fields: Fields, asker: Asker) {
      refuseVisitor(asker);
      const { submitter: owner } = asker;
      const { filename, size_bytes: sizeBytes } = parseFields(schemas.createMultipartUpload, fields);
      refuseLarge(sizeBytes, settings.maxBytes);
      const { key, name, mediaType } = issue(filename);
      const plan = planParts(sizeBytes);
      const id = await store.multipart.create(key, { ...plan, mediaType });
      const upload = { id, size_bytes: sizeBytes, part_size_bytes: plan.partSizeBytes };
      await writeNote(store, key, { name, owner, upload });
      return success({
        ...{
          video_key: key,
          upload_id: id,
          part_size_bytes: plan.partSizeBytes,
          part_count: partCount(plan),
        },
      });
    },
    ...createPartActions(parts),
  };
}

/** Of an upload that has begun. */
function createPartActions({ store, settings }: UploadParts) {
  async function refOf(
    { video_key: key, upload_id: uploadId }: { video_key: string; upload_id: string },
    asker: Asker,
  ): Promise<UploadRef> {
    const note = isUploadKey(key, settings.extensions) ? await readNote(store, key) : undefined;
    const upload = note?.upload;
    if (!upload || upload.id !== uploadId || !mayUse(asker, note.owner))
      throw new VideoActionError('upload_id: there is no such upload; begin with create_multipart_upload');
    return { key, uploadId, sizeBytes: upload.size_bytes, partSizeBytes: upload.part_size_bytes };
  }
  return {
    async sign_parts(fields: Fields, asker: Asker) {
      const { part_numbers: numbers, ...upload } = parseFields(schemas.signParts, fields);
      const ref = await refOf(upload, asker);
      const terms = { expiresInMs: UPLOAD_URL_S * 1000 };
      const signed = await Promise.all(
        numbers.map(async (one) => ({
          part_number: one,
          url: (await store.multipart.presignPart(ref, one, terms)).url,
        })),
      );
      return success({ parts: signed, expires_in: UPLOAD_URL_S });
    },
    async list_parts(fields: Fields, asker: Asker) {
      const ref = await refOf(parseFields(schemas.part, fields), asker);
      const arrived = await store.multipart.listParts(ref);
      const list = arrived.map((one) => ({
        ...{ part_number: one.partNumber, size_bytes: one.sizeBytes, etag: one.etag },
      }));
      return success({ part_size_bytes: ref.partSizeBytes, part_count: partCount(ref), parts: list });
    },
    async complete_multipart_upload(fields: Fields, asker: Asker) {
      const ref = await refOf(parseFields(schemas.part, fields), asker);
      const info = await store.multipart.complete(ref).catch(async (error: unknown) => {
        // One whose end was not heard is asked for again.
        const there = isGone(error) ? await store.head(ref.key) : undefined;
        if (there?.sizeBytes !== ref.sizeBytes) throw error;
        return there;
      });
      return success({ video_key: ref.key, size_bytes: info.sizeBytes });
    },
    async abort_multipart_upload(fields: Fields, asker: Asker) {
      const ref = await refOf(parseFields(schemas.part, fields), asker);
      await store.multipart.abort(ref);
      await store.delete(uploadNoteKey(ref.key));
      return success({ video_key: ref.key });
    },
  };
}

export const success = <T extends object>(fields: T) => ({ status: 'success' as const, ...fields });

const isGone = (error: unknown) => error instanceof ArtifactError && error.code === 'UPLOAD_NOT_FOUND';

/** Nobody would count it against what its token may. */
function refuseVisitor(asker: Asker): void {
  if (isVisitor(asker))
    throw new VideoActionError('A page uploads by POST /v1/artifacts, with its token; this needs a key.');
}

export function refuseLarge(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes <= maxBytes) return;
  const gb = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  throw new VideoActionError(
    `The video has ${gb(sizeBytes)}; at most ${gb(maxBytes)} are taken (VIDEO_MAX_GB).`,
  );
}

async function writeNote(store: ArtifactStore, key: string, value: UploadNote): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(value));
  const description = { mediaType: 'application/json', sizeBytes: bytes.length };
  await store.put(uploadNoteKey(key), bytesBody(bytes), description);
}

/** Undefined for what was uploaded by other ways. */
export async function readNote(store: ArtifactStore, key: string): Promise<UploadNote | undefined> {
  try {
    const { stream } = await store.get(uploadNoteKey(key));
    return JSON.parse(String(await buffer(arriving(stream)))) as UploadNote;
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
    throw error;
  }
}
