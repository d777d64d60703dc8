import type { ArtifactRecord } from '../artifacts/artifact-records.ts';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { Job } from '../jobs/job.ts';
import { bytesOfField, withUrls } from './fit-input.ts';

/** Keeps fields of inputs as artifacts while an attempt elsewhere reads them. */
export interface InputArtifacts {
  /** Why URLs would reach nobody, as a clause; undefined where they do. */
  readonly obstacle: string | undefined;
  /** The job's input with these fields as URLs, and what forgets them again. Throws what the store does. */
  moveOut(job: Job, fields: readonly string[]): Promise<MovedInput>;
}

export interface MovedInput {
  readonly input: string;
  forget(): Promise<void>;
}

const LONGEST_URL_MS = 7 * 86_400_000;

export function createInputArtifacts(
  artifacts: () => Artifacts,
  { publicUrl, now }: { readonly publicUrl: string | undefined; readonly now: () => number },
): InputArtifacts {
  return {
    get obstacle() {
      if (publicUrl !== undefined || artifacts().store.kind !== 'disk') return undefined;
      return 'its `urlFields` could not be read from elsewhere: set `publicUrl`, or keep artifacts in a bucket';
    },
    async moveOut(job, fields) {
      const kept: ArtifactRecord[] = [];
      const forget = async () => {
        for (const record of kept) await artifacts().remove(record);
      };
      try {
        const urls = new Map<string, string>();
        for (const field of fields) {
          const { record, url } = await keep(
            artifacts(),
            job,
            field,
            Math.min(LONGEST_URL_MS, job.expiresAt - now()),
          );
          kept.push(record);
          urls.set(field, url.startsWith('/') ? `${publicUrl}${url}` : url);
        }
        return { input: withUrls(job.input, urls), forget };
      } catch (error) {
        await forget();
        throw error;
      }
    },
  };
}

async function keep(artifacts: Artifacts, job: Job, field: string, expiresInMs: number) {
  const { bytes, mediaType } = bytesOfField(job.input, field);
  const owner = job.keyId ?? 'admin';
  const wanted = { prefix: 'uploads', name: field, mediaType, sizeBytes: bytes.length, owner } as const;
  const { record } = await artifacts.create({ ...wanted, endpoint: job.endpoint });
  try {
    const body = (async function* () {
      yield bytes;
    })();
    await artifacts.store.put(record.key, body, { mediaType, sizeBytes: bytes.length });
    const ready = await artifacts.complete(record);
    const { url } = await artifacts.signDownload(ready, Math.max(1_000, expiresInMs));
    return { record: ready, url };
  } catch (error) {
    await artifacts.remove(record);
    throw error;
  }
}
