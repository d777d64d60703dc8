import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import type { LayoutName } from '../pose/layouts.ts';
import { arriving } from './patience.ts';
import type { SeenMoment } from './people-source.ts';
import { bytesBody } from './replayed-body.ts';
import { checkpointKey, checkpointPrefix } from './video-keys.ts';

/** What was seen in each finished segment, kept so that another worker goes on behind it. */
export interface Checkpoints {
  /** Undefined where there is none, or one that rests on something else. */
  read(segment: number): Promise<Checkpoint | undefined>;
  write(segment: number, checkpoint: Checkpoint): Promise<void>;
  clear(): Promise<void>;
}

export interface Checkpoint {
  readonly moments: readonly SeenMoment[];
  readonly warnings: readonly string[];
  readonly layout: LayoutName | undefined;
  /** For the segment behind it. */
  readonly carry: unknown;
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** @param basis what they rest on: the video, quality, models, length of segments. */
export function createCheckpoints(store: ArtifactStore, jobId: string, basis: string): Checkpoints {
  return {
    async read(segment) {
      try {
        const { stream } = await store.get(checkpointKey(jobId, segment));
        const kept = JSON.parse(String(await unzip(await buffer(arriving(stream))))) as Checkpoint & {
          basis: string;
        };
        return kept.basis === basis ? kept : undefined;
      } catch (error) {
        if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async write(segment, checkpoint) {
      const bytes = await zip(JSON.stringify({ basis, ...checkpoint }));
      const description = { mediaType: 'application/gzip', sizeBytes: bytes.length };
      await store.put(checkpointKey(jobId, segment), bytesBody(bytes), description);
    },
    clear: () => deleteAll(store, checkpointPrefix(jobId)),
  };
}

/** Everything whose key begins so. */
export async function deleteAll(store: ArtifactStore, prefix: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  for (const key of keys) await store.delete(key);
}
