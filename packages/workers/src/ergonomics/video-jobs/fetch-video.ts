import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ArtifactError, type ArtifactInfo, type ArtifactStore } from '@spillway/artifacts';
import { arriving, isAway, type Patiently } from './patience.ts';
import { VideoRefusal } from './people-source.ts';
import { expectRoom } from './scratch.ts';
import type { StatusRecord } from './status-record.ts';
import { extensionOf } from './video-keys.ts';

export interface FetchParts {
  readonly store: ArtifactStore;
  fileOf(key: string): string | undefined;
}

export interface FetchOptions {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly patiently: Patiently;
}

/**
 * The video as a file of this machine: it is read several times and in pieces, over hours, which no signed URL and no
 * connection lasts for. @throws VideoRefusal where it is gone, or another than was accepted.
 */
export async function fetchVideo(
  { store, fileOf }: FetchParts,
  { key, etag, size_bytes: sizeBytes }: StatusRecord['video'],
  { folder, signal, patiently }: FetchOptions,
  onProgress: (share: number) => void,
): Promise<string> {
  onProgress(0);
  const info = await patiently(() => store.head(key));
  if (!info)
    throw new VideoRefusal('The video is gone: it was deleted, or its retention is over. Upload it again.');
  refuseAnother(info, etag);
  const here = fileOf(key);
  if (here !== undefined) return here;
  const file = path.join(folder, `video.${extensionOf(key) ?? 'mp4'}`);
  let fetched = 0;
  const counter = () =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        fetched += chunk.length;
        onProgress(fetched / sizeBytes);
        done(null, chunk);
      },
    });
  await expectRoom(folder, sizeBytes);
  /** True once all of it is there. What arrived before the connection broke off is not fetched again. */
  async function fetchRest(): Promise<boolean> {
    const before = await sizeOf(file);
    fetched = before;
    if (fetched === sizeBytes) return true;
    try {
      const rest = await store.get(key, { start: fetched, end: sizeBytes });
      if (rest.info.etag !== etag) rest.stream.destroy();
      refuseAnother(rest.info, etag);
      const place = createWriteStream(file, before === 0 ? {} : { flags: 'r+', start: before });
      await pipeline(arriving(rest.stream), counter(), place, { signal });
      if (fetched === sizeBytes) return true;
      throw new ArtifactError('STORAGE_UNAVAILABLE', `of ${sizeBytes} bytes of the video ${fetched} arrived`);
    } catch (error) {
      // A storage that gave some of it is there.
      if (isAway(error) && (await sizeOf(file)) > before) return false;
      throw error;
    }
  }
  while (!(await patiently(fetchRest)));
  return file;
}

function refuseAnother(found: ArtifactInfo, etag: string): void {
  if (found.etag !== etag)
    throw new VideoRefusal('The video was replaced after it was accepted. Start it again.');
}

const sizeOf = async (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
