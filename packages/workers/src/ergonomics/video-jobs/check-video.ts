import { buffer } from 'node:stream/consumers';
import { type ArtifactInfo, type ArtifactStore, kindOfBytes, MAGIC_BYTES } from '@spillway/artifacts';
import { type Asker, mayUse } from './ownership.ts';
import { arriving } from './patience.ts';
import { readNote, refuseLarge } from './upload-actions.ts';
import { VideoActionError } from './video-action-error.ts';
import { extensionsText, isUploadKey, VIDEO_EXTENSIONS } from './video-keys.ts';
import type { VideoSettings } from './video-settings.ts';

export interface CheckedVideo {
  readonly key: string;
  readonly etag: string;
  readonly size_bytes: number;
  /** As its user calls it. */
  readonly name: string;
  readonly owner: string | undefined;
}

/** Looks at key, size and first bytes before any work begins. @throws VideoActionError with a sentence. */
export async function checkVideo(
  store: ArtifactStore,
  settings: VideoSettings,
  key: string | undefined,
  asker: Asker,
): Promise<CheckedVideo> {
  if (!key) throw new VideoActionError('video_key is required');
  if (!isUploadKey(key, settings.extensions)) {
    // Uploaded through the gateway, which knows nothing of what this worker was told to take.
    if (isUploadKey(key, VIDEO_EXTENSIONS))
      throw new VideoActionError(
        `video_key: expected a video (${extensionsText(settings.extensions)}), got "${key}"; VIDEO_EXTENSIONS of the worker says which are taken`,
      );
    throw new VideoActionError(
      `video_key: "${key}" is none that this service issued; ask for one with generate_upload_url`,
    );
  }
  const note = await readNote(store, key);
  // Of what came by the gateway's own uploads the store lets nobody else see anything.
  const info = mayUse(asker, note?.owner) ? await store.head(key) : undefined;
  if (!info) {
    throw new VideoActionError(
      `video_key: there is no video at ${key}; upload it first, and complete the upload if it goes in parts`,
    );
  }
  // Of one that came by the gateway's own uploads the store knows it, of one that was asked for here its note.
  const name = info.name ?? note?.name ?? key.slice(key.indexOf('/') + 1);
  try {
    refuseLarge(info.sizeBytes, settings.maxBytes);
    await checkBytes(store, info);
  } catch (error) {
    // What is refused for good is not kept.
    if (error instanceof VideoActionError) await store.delete(key);
    throw error;
  }
  const owner = note ? note.owner : asker.submitter;
  return { key, name, owner, etag: info.etag, size_bytes: info.sizeBytes };
}

async function checkBytes(store: ArtifactStore, { key, sizeBytes }: ArtifactInfo): Promise<void> {
  if (sizeBytes === 0) throw new VideoActionError('The video is empty; upload it anew.');
  const { stream } = await store.get(key, { start: 0, end: Math.min(MAGIC_BYTES, sizeBytes) });
  const kind = kindOfBytes(await buffer(arriving(stream)));
  if (kind?.family === 'video') return;
  const what = kind ? `it is a ${kind.name}` : 'its first bytes are those of no known video format';
  throw new VideoActionError(`The file is not a video: ${what}. MP4, MOV, MKV, WebM and AVI are taken.`);
}
