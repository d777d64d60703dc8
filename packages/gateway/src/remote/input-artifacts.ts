import { ArtifactError } from '@spillway/artifacts';
import type { ArtifactRecord } from '../artifacts/artifact-records.ts';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { Job } from '../jobs/job.ts';
import { bytesOfField, withUrls } from '../jobs/large-values/url-fields.ts';

/** Keeps fields of inputs as artifacts while an attempt elsewhere reads them. */
export interface InputArtifacts {
  /** Why URLs would reach nobody, as a clause; undefined where they do. */
  readonly obstacle: string | undefined;
  /**
   * The job's input with these fields as URLs; `note` is told what is kept for them before it is. Throws what the store
   * does, and has then kept nothing.
   */
  moveOut(
    job: Job,
    fields: readonly string[],
    note: (ids: readonly string[]) => Promise<void>,
  ): Promise<string>;
  /** Ids that are gone already are no error. */
  remove(ids: readonly string[]): Promise<void>;
}

const LONGEST_URL_MS = 7 * 86_400_000;

export function createInputArtifacts(
  artifacts: () => Artifacts,
  { publicUrl, now }: { readonly publicUrl: string | undefined; readonly now: () => number },
): InputArtifacts {
  async function remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const record = recordOf(artifacts(), id);
      if (record) await artifacts().remove(record);
    }
  }
  return {
    get obstacle() {
      if (publicUrl !== undefined || artifacts().store.kind !== 'disk') return undefined;
      return 'its `urlFields` could not be read from elsewhere: set `publicUrl`, or keep artifacts in a bucket';
    },
    async moveOut(job, fields, note) {
      const expiresInMs = Math.min(LONGEST_URL_MS, job.expiresAt - now());
      const urls = new Map<string, string>();
      const ids: string[] = [];
      try {
        for (const field of fields) {
          const { bytes, mediaType } = bytesOfField(job.input, field);
          const record = await announce(artifacts(), job, {
            name: field,
            mediaType,
            sizeBytes: bytes.length,
          });
          ids.push(record.id);
          await note(ids);
          const url = await keep(artifacts(), record, bytes, expiresInMs);
          urls.set(field, url.startsWith('/') ? `${publicUrl}${url}` : url);
        }
        return withUrls(job.input, urls);
      } catch (error) {
        await remove(ids);
        throw error;
      }
    },
    remove,
  };
}

function recordOf(artifacts: Artifacts, id: string): ArtifactRecord | undefined {
  try {
    return artifacts.find(id, undefined);
  } catch (error) {
    // Over its time: whoever sweeps artifacts removes it.
    if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
    throw error;
  }
}

async function announce(
  artifacts: Artifacts,
  { keyId = 'admin', endpoint }: Job,
  what: { readonly name: string; readonly mediaType: string; readonly sizeBytes: number },
): Promise<ArtifactRecord> {
  const { record } = await artifacts.create({ prefix: 'uploads', ...what, owner: keyId, endpoint });
  return record;
}

async function keep(artifacts: Artifacts, record: ArtifactRecord, bytes: Buffer, expiresInMs: number) {
  const { mediaType } = record;
  const body = (async function* () {
    yield bytes;
  })();
  await artifacts.store.put(record.key, body, { mediaType, sizeBytes: bytes.length });
  const { url } = await artifacts.signDownload(
    await artifacts.complete(record),
    Math.max(1_000, expiresInMs),
  );
  return url;
}
