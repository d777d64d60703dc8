import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import { arriving, type Patiently } from './patience.ts';
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
  if (info.etag !== etag)
    throw new VideoRefusal('The video was replaced after it was accepted. Start it again.');
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
  await patiently(async () => {
    // What arrived before the connection broke off is not fetched again.
    fetched = await sizeOf(file);
    if (fetched === sizeBytes) return;
    const { stream } = await store.get(key, { start: fetched, end: sizeBytes });
    await pipeline(arriving(stream), counter(), createWriteStream(file, { flags: 'a' }), { signal });
    if (fetched < sizeBytes)
      throw new ArtifactError('STORAGE_UNAVAILABLE', `of ${sizeBytes} bytes of the video ${fetched} arrived`);
  });
  return file;
}

const sizeOf = async (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
