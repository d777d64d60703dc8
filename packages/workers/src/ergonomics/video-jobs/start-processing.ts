import type { ArtifactStore } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import { checkVideo } from './check-video.ts';
import type { FollowUpJobs } from './follow-up-jobs.ts';
import type { Asker } from './ownership.ts';
import { reconcile } from './reconcile.ts';
import type { StatusFiles } from './status-files.ts';
import { isFinalState, type StatusRecord } from './status-record.ts';
import { VideoActionError } from './video-action-error.ts';
import { parseFields, startSchema } from './video-input.ts';
import { jobIdOf } from './video-keys.ts';
import type { VideoSettings } from './video-settings.ts';

/**
 * A start: accepts the job in its status file, then sends the job that processes it. The same video with the same settings
 * is the same job; who asks for it again while it is under way or done gets just that, and after a failure a new run.
 */
export interface StartParts {
  readonly store: ArtifactStore;
  readonly files: StatusFiles;
  readonly followUps: FollowUpJobs | undefined;
  readonly settings: VideoSettings;
  readonly clock: Clock;
  readonly newId: (length: number) => string;
}

export interface Started {
  readonly record: StatusRecord;
  /** `known`: it was under way or done before. */
  readonly is: 'new' | 'again' | 'known';
}

/** A start whose worker was lost before it sent its job. */
const UNSENT_MS = 60_000;
const TOKEN_LENGTH = 32;

/** @throws VideoActionError, InputError */
export async function acceptVideo(
  parts: StartParts,
  fields: Readonly<Record<string, unknown>>,
  { jobId: startedBy, ...asker }: Asker & { readonly jobId: string },
): Promise<Started> {
  const { video_key: key, user_email: _email, ...settings } = parseFields(startSchema, fields);
  const { owner, ...video } = await checkVideo(parts.store, parts.settings, key, asker);
  const jobId = jobIdOf(video, settings);
  const token = parts.newId(TOKEN_LENGTH);
  const accepted = newRecord(parts, { jobId, video, owner, settings, token, startedBy });
  if (await parts.files.create(accepted)) return { record: accepted, is: 'new' };
  return takeUp(parts, jobId, token, startedBy);
}

/** What is to be done about one that is there already. */
async function takeUp(parts: StartParts, jobId: string, token: string, startedBy: string): Promise<Started> {
  const { files, store, clock } = parts;
  const found = await files.read(jobId);
  if (!found) throw new VideoActionError('The job was deleted just now; start it again.');
  const record = await reconcile({ ...parts, lostAfterMs: parts.settings.lostAfterMs }, found);
  if (!isFinalState(record.status)) {
    const isMine = record.started_by === startedBy;
    // Delivered again because its worker was lost, while the work was its own.
    if (isMine && record.process_job_id === undefined) return { record, is: 'again' };
    const isUnsent = record.status === 'accepted' && record.process_job_id === undefined;
    const isOld = clock.now() - Date.parse(record.updated_at) > UNSENT_MS;
    return { record, is: isUnsent && isOld ? 'again' : 'known' };
  }
  const isThere = record.result_key !== undefined && (await store.head(record.result_key)) !== undefined;
  if (record.status === 'completed' && isThere) return { record, is: 'known' };
  const applied = await files.apply(jobId, { type: 'restarted', token, startedBy });
  if (!applied) throw new VideoActionError('The job was deleted just now; start it again.');
  return { record: applied.record, is: applied.isApplied ? 'again' : 'known' };
}

interface NewRecord {
  readonly jobId: string;
  readonly video: StatusRecord['video'];
  readonly owner: string | undefined;
  readonly settings: StatusRecord['settings'];
  readonly token: string;
  readonly startedBy: string;
}

function newRecord(
  { clock }: StartParts,
  { jobId, video, owner, settings, token, startedBy }: NewRecord,
): StatusRecord {
  const now = new Date(clock.now()).toISOString();
  return {
    ...{ job_id: jobId, status: 'accepted', progress: 0, created_at: now, updated_at: now },
    ...{ video, settings, run: 1, token, started_by: startedBy },
    ...(owner === undefined ? {} : { owner }),
  };
}

/**
 * Sends the processing job; undefined where this worker may not. A failure to do so ends the run.
 * @throws VideoActionError
 */
export async function sendProcessing(
  { files, settings }: StartParts,
  followUps: FollowUpJobs,
  { job_id, token, video, run }: StatusRecord,
  from: string,
): Promise<string | undefined> {
  try {
    const input = { action: 'process', job_id, token, video_key: video.key };
    const processJobId = await followUps.submit(from, input, settings.jobTimeoutMs);
    if (processJobId !== undefined) await files.apply(job_id, { type: 'submitted', token, processJobId });
    return processJobId;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `The processing could not be started: ${reason}`;
    await files.apply(job_id, { type: 'failed', run, error: sentence });
    throw new VideoActionError(sentence, { cause: error });
  }
}
