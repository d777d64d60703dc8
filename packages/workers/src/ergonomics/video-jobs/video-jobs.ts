import { randomBytes } from 'node:crypto';
import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import { type JobContext, JobError, PlainOutput } from '@spillway/sdk/worker';
import { InputError } from '../../media/input-error.ts';
import { createCheckpoints } from './checkpoints.ts';
import { type Asker, mayUse } from './ownership.ts';
import { createPatience } from './patience.ts';
import { clearSegments, forget, type ProcessParts, processVideo, SupersededError } from './process-video.ts';
import { reconcile } from './reconcile.ts';
import { acceptVideo, sendProcessing } from './start-processing.ts';
import { createStatusFiles } from './status-files.ts';
import { isFinalState, type StatusRecord } from './status-record.ts';
import { DOWNLOAD_URL_S, signResult, statusView } from './status-view.ts';
import { createTurns } from './turns.ts';
import { createUploadActions, success } from './upload-actions.ts';
import { VideoActionError } from './video-action-error.ts';
import { ignoredFields, parseFields, schemas } from './video-input.ts';
import { isJobId, jobOfResult } from './video-keys.ts';
import type { VideoSettings } from './video-settings.ts';

/**
 * What an ergonomics job can be asked to do with videos, by its `action`. What goes wrong is told inside the output,
 * `{"status": "error", "error"}`, as callers of such services know it; only the processing itself fails its job.
 */
export interface VideoJobs {
  has(action: unknown): boolean;
  run(fields: Fields, context: JobContext): Promise<unknown>;
}

type Fields = Readonly<Record<string, unknown>>;
type Action = (fields: Fields, context: JobContext) => Promise<unknown>;

export interface VideoJobsOptions extends Omit<ProcessParts, 'files' | 'log' | 'people'> {
  /** Loads the models; asked for when the first video comes. */
  loadPeople(): Promise<ProcessParts['people']>;
  readonly newId?: (length: number) => string;
}

const randomId = (length: number) =>
  randomBytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length);

export function createVideoJobs(options: VideoJobsOptions): VideoJobs {
  const files = createStatusFiles(options.store, options.clock);
  const parts = { ...options, files, newId: options.newId ?? randomId };
  const actions: Readonly<Record<string, Action>> = {
    ...createUploadActions(parts),
    ...createStatusActions(parts),
    ...createProcessActions(parts),
  };
  return {
    // Without an action a video is to be processed.
    has: (action) => action === undefined || (typeof action === 'string' && Object.hasOwn(actions, action)),
    async run(fields, context) {
      const { action = 'start_processing' } = fields;
      const run = actions[String(action)] as Action;
      try {
        return await run(fields, context);
      } catch (error) {
        if (action === 'process' || !isForCaller(error)) throw error;
        return new PlainOutput({ status: 'error', error: sentenceOf(String(action), error) });
      }
    },
  };
}

type Parts = Omit<VideoJobsOptions, 'newId'> & {
  readonly files: ProcessParts['files'];
  readonly newId: (length: number) => string;
  readonly settings: VideoSettings;
  readonly store: ArtifactStore;
  readonly clock: Clock;
};

const isForCaller = (error: unknown) =>
  error instanceof VideoActionError || error instanceof InputError || error instanceof ArtifactError;

function sentenceOf(action: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const isStorage = error instanceof ArtifactError && error.code === 'STORAGE_UNAVAILABLE';
  return action === 'generate_upload_url' && isStorage
    ? `Failed to generate upload URL: ${message}`
    : message;
}

function createStatusActions(parts: Parts): Readonly<Record<string, Action>> {
  const { store, files, settings, clock, followUps } = parts;

  async function find(fields: Fields, asker: Asker): Promise<StatusRecord> {
    const { job_id: jobId } = parseFields(schemas.ofJob, fields);
    if (!jobId) throw new VideoActionError('job_id is required');
    const record = isJobId(jobId) ? await files.read(jobId) : undefined;
    if (!record || !mayUse(asker, record.owner)) throw new VideoActionError('Job not found');
    const now = await reconcile({ files, followUps, clock, lostAfterMs: settings.lostAfterMs }, record);
    // Cancelled past us, by the server: nobody goes on with what is there.
    if (now.status === 'cancelled' && record.status !== 'cancelled') await forget(store, record.job_id);
    return now;
  }
  return {
    get_status: async (fields, asker) =>
      success({ job_status: await statusView(store, await find(fields, asker)) }),
    async generate_download_url(fields, asker) {
      const { result_key: key } = parseFields(schemas.download, fields);
      if (!key) throw new VideoActionError('result_key is required');
      const jobId = jobOfResult(key);
      const record = jobId === undefined ? undefined : await files.read(jobId);
      const isResult = record?.results?.some((one) => one.key === key) ?? false;
      if (!isResult || !mayUse(asker, record?.owner))
        throw new VideoActionError(`result_key: there is no result ${key}`);
      const url = await signResult(store, key, record?.video.name);
      return success({ download_url: url, expires_in: DOWNLOAD_URL_S });
    },
    async cancel_processing(fields, asker) {
      const record = await find(fields, asker);
      if (isFinalState(record.status))
        return success({ job_id: record.job_id, message: `Processing was ${record.status} before` });
      const applied = await files.apply(record.job_id, { type: 'cancelled', run: record.run });
      if (record.process_job_id !== undefined) await followUps?.cancel(record.process_job_id);
      // Where an attempt runs it clears up behind itself, too.
      await createCheckpoints(store, record.job_id, '').clear();
      const is = applied?.record.status ?? 'cancelled';
      return success({ job_id: record.job_id, message: `Processing ${is}` });
    },
  };
}

function createProcessActions(parts: Parts): Readonly<Record<string, Action>> {
  const { store, followUps, clock } = parts;
  const inTurn = createTurns(1);

  async function attemptInTurn(
    record: Pick<StatusRecord, 'job_id' | 'token'>,
    context: JobContext,
    isOwnJob: boolean,
  ) {
    const { jobId: processJobId, workerId, attempt, signal } = context;
    return inTurn(signal, async () =>
      processVideo(
        { ...parts, log: context.log, people: await parts.loadPeople() },
        {
          ...{ jobId: record.job_id, token: record.token, signal },
          writer: `${workerId} ${processJobId} ${attempt}`,
          // Without the mark that a gateway gives to a second delivery.
          processJobId: isOwnJob ? processJobId.replace(/-a\d+$/, '') : undefined,
          onProgress: ({ progress, stage, segments }) =>
            context.progress({
              ...{ stage, percent: progress, job_id: record.job_id },
              ...(segments ? { segments } : {}),
            }),
        },
      ),
    );
  }

  async function process(
    record: Pick<StatusRecord, 'job_id' | 'token'>,
    context: JobContext,
    isOwnJob: boolean,
  ) {
    const { job_id: jobId, token } = record;
    const { log, signal } = context;
    const ended = await attemptInTurn(record, context, isOwnJob).catch(async (error: unknown) => {
      const done = completedBefore(error, token);
      if (!done) throw await explain(parts, jobId, token, error);
      // Of an attempt whose worker was lost before it had cleared up.
      await clearSegments({ store, log }, jobId);
      return done;
    });
    // Its status says that it is done, and so must its job.
    return createPatience({ clock, log, signal })(() => statusView(store, ended));
  }

  return {
    async start_processing(fields, context) {
      const started = await acceptVideo(parts, fields, context);
      const { record, is } = started;
      const ignored = ignoredFields(fields);
      const known = {
        ...{ job_id: record.job_id, ...(is === 'known' ? { existing: true } : {}) },
        ...(ignored.length > 0 ? { warnings: ignored } : {}),
      };
      if (is === 'known') {
        const message = `This video is ${record.status === 'completed' ? 'processed' : 'being processed'} already with these settings`;
        const id = record.process_job_id;
        return success({ ...known, message, ...(id === undefined ? {} : { process_job_id: id }) });
      }
      const processJobId = followUps && (await sendProcessing(parts, followUps, record, context.jobId));
      if (processJobId !== undefined) {
        return success({ ...known, message: 'Processing started', process_job_id: processJobId });
      }
      // Nobody takes a second job, so this one stays open; its progress tells the id to ask for.
      context.progress({ stage: 'accepted', percent: 0, job_id: record.job_id });
      const job_status = await process(record, context, false);
      return success({ ...known, message: 'Processing completed', job_status });
    },
    async process(fields, context) {
      const { job_id: jobId, token } = fields;
      if (typeof jobId !== 'string' || typeof token !== 'string' || !isJobId(jobId))
        throw JobError.invalidInput('action: "process" is sent by start_processing; send that');
      return success({ job_id: jobId, job_status: await process({ job_id: jobId, token }, context, true) });
    },
  };
}

/** By an attempt whose worker was lost after it had written the end. */
function completedBefore(error: unknown, token: string): StatusRecord | undefined {
  const record = error instanceof SupersededError ? error.record : undefined;
  return record?.status === 'completed' && record.token === token ? record : undefined;
}

/** What the processing job fails with; it says what its status file says. */
async function explain({ store }: Parts, jobId: string, token: string, error: unknown): Promise<unknown> {
  if (!(error instanceof SupersededError)) return asJobError(error);
  const { record } = error;
  if (!record) {
    await forget(store, jobId);
    return JobError.nonRetryable('Job not found');
  }
  if (record.token !== token) return JobError.nonRetryable('another start of this video has taken over');
  return JobError.nonRetryable(record.error ?? error.message);
}

function asJobError(error: unknown): unknown {
  const isPlain = error instanceof Error && /^(VideoRefusal|ArtifactError|NoRoomError)$/.test(error.name);
  return isPlain ? JobError.nonRetryable(error.message, { cause: error }) : error;
}
