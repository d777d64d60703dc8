import { buffer } from 'node:stream/consumers';
import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import { arriving } from './patience.ts';
import { bytesBody } from './replayed-body.ts';
import { decideStatus, type StatusEvent, type StatusRecord, statusRecordSchema } from './status-record.ts';
import { statusKey } from './video-keys.ts';

/** Status files, changed only on the condition that nobody else has: every change is decided on what is really there. */
export interface StatusFiles {
  read(jobId: string): Promise<StatusRecord | undefined>;
  /** False where there is one already. */
  create(record: StatusRecord): Promise<boolean>;
  /** What is there after it, and whether the event changed it. Undefined where there is no such job. */
  apply(jobId: string, event: StatusEvent): Promise<AppliedStatus | undefined>;
}

export interface AppliedStatus {
  readonly record: StatusRecord;
  readonly isApplied: boolean;
}

const JSON_TYPE = 'application/json';
/** Of writers that meet at one file; each try sees what the winner wrote. */
const TRIES = 20;

export function createStatusFiles(store: ArtifactStore, clock: Pick<Clock, 'now'>): StatusFiles {
  async function find(jobId: string): Promise<{ record: StatusRecord; etag: string } | undefined> {
    try {
      const { info, stream } = await store.get(statusKey(jobId));
      const record = statusRecordSchema.parse(JSON.parse(String(await buffer(arriving(stream)))));
      return { record, etag: info.etag };
    } catch (error) {
      if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
      throw error;
    }
  }
  /** False where somebody else has written meanwhile. */
  async function write(record: StatusRecord, ifEtag: string | undefined): Promise<boolean> {
    const bytes = Buffer.from(JSON.stringify(record));
    const terms = ifEtag === undefined ? { onlyNew: true } : { ifEtag };
    const description = { mediaType: JSON_TYPE, sizeBytes: bytes.length, ...terms };
    try {
      await store.put(statusKey(record.job_id), bytesBody(bytes), description);
      return true;
    } catch (error) {
      if (error instanceof ArtifactError && /^ARTIFACT_(CHANGED|EXISTS)$/.test(error.code)) return false;
      throw error;
    }
  }

  return {
    read: async (jobId) => (await find(jobId))?.record,
    create: (record) => write(record, undefined),
    async apply(jobId, event) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const found = await find(jobId);
        if (!found) return undefined;
        const next = decideStatus(found.record, event, new Date(clock.now()).toISOString());
        if (!next) return { record: found.record, isApplied: false };
        if (await write(next, found.etag)) return { record: next, isApplied: true };
      }
      throw new ArtifactError(
        'STORAGE_UNAVAILABLE',
        `the status of job ${jobId} is being written by too many at once`,
      );
    },
  };
}
