import type { JobReply } from '@spillway/protocol';
import { tooLongForQuality, type VideoQuality } from '@spillway/protocol/ergonomics';
import type { Client, EndpointClient, UploadSource } from '../client/index.ts';

/** The ergonomics worker, for videos: uploaded, processed and watched in one call, from Node or a browser. */
export interface VideoAnalysis {
  /** Default `medium`. */
  readonly quality?: VideoQuality;
  /** Of the report. */
  readonly title?: string;
  /** Of the recording, for the report's head, such as `{ workplace: 'Hall 3', recorded: '12 May' }`. */
  readonly details?: Readonly<Record<string, string>>;
  /** Whose posture counts: who fills the most picture (default), who is seen longest, a number, or who is at a place. */
  readonly person?:
    | 'largest'
    | 'longest'
    | number
    | { readonly at: readonly [number, number]; readonly t: number };
  /** What cannot be seen, such as `{ load_kg: 8, coupling: 'fair' }`. */
  readonly observed?: Readonly<Record<string, unknown>>;
  /** Lifts that somebody measured, for the NIOSH equation: `[{ H_cm: 40, V_cm: 30, D_cm: 60, FM: 0.75, load_kg: 8 }]`. */
  readonly niosh?: readonly Readonly<Record<string, unknown>>[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether the video is drawn with skeleton and live score (default true). */
  readonly overlay?: boolean;
}

export interface AnalyseOptions extends VideoAnalysis {
  /** Of the endpoint (default `ergonomics`). */
  readonly endpoint?: string;
  /** Names the file, so that an upload that broke off goes on: such as its name, size and time. */
  readonly resumeKey?: string;
  /** Cancels the processing when it aborts. */
  readonly signal?: AbortSignal;
  onProgress?(progress: AnalysisProgress): void;
}

export interface AnalysisProgress {
  readonly stage: string;
  /** 0 to 100, of the stage `uploading` and of all that follows together. */
  readonly percent: number;
  readonly segments?: { readonly done: number; readonly total: number };
  /** Once the processing was started. */
  readonly jobId?: string;
}

export interface AnalysedVideo {
  readonly jobId: string;
  readonly warnings: readonly string[];
  readonly files: readonly AnalysisFile[];
  /** A URL to read one of the files from, good for a day. */
  urlOf(file: AnalysisFile): Promise<string>;
}

export interface AnalysisFile {
  /** `json`, `csv`, `xlsx`, `npz`, `pkl`, `html`, `pdf`, `picture`, `video`. */
  readonly kind: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly resultKey: string;
}

/** The worker or the server said no; the message is its sentence. */
export class AnalysisError extends Error {
  override readonly name = 'AnalysisError';
  /** Of the processing, once there was one. */
  readonly jobId: string | undefined;

  constructor(message: string, jobId?: string) {
    super(message);
    this.jobId = jobId;
  }
}

/**
 * Uploads a video, has it processed, and resolves when its results are there. With `durationMs` in its source, one that is
 * too long is refused before it is sent.
 *
 * @example
 * const video = await analyseVideo(client, { name: 'packing.mp4', sizeBytes, slice }, { quality: 'high' });
 * for (const file of video.files) console.log(file.name, await video.urlOf(file));
 * @throws AnalysisError, ApiError
 */
export async function analyseVideo(
  client: Client,
  source: UploadSource,
  options: AnalyseOptions = {},
): Promise<AnalysedVideo> {
  const { endpoint: name = 'ergonomics', resumeKey, signal, onProgress, ...wanted } = options;
  const problem = tooLongForQuality(source.durationMs ?? 0, wanted.quality ?? 'medium');
  if (problem !== undefined) throw new AnalysisError(problem);
  const artifact = await client.artifacts.upload(
    { mediaType: 'video/mp4', ...source },
    {
      // So that what its workers would refuse for its size is refused before it is sent.
      endpoint: name,
      ...(resumeKey === undefined ? {} : { resumeKey }),
      ...(signal ? { signal } : {}),
      onProgress: ({ sentBytes, sizeBytes }) =>
        onProgress?.({ stage: 'uploading', percent: Math.floor((100 * sentBytes) / Math.max(1, sizeBytes)) }),
    },
  );
  const act = createActor(client.endpoint(name));
  const following = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
  const started = await act({ action: 'start_processing', video_key: artifact.key, ...wanted }, following);
  const jobId = String(started.job_id);
  const status = await follow(client.endpoint(name), act, { started, jobId, ...following });
  if (status.status !== 'completed')
    throw new AnalysisError(status.error ?? `the processing is ${status.status}`, jobId);
  return {
    jobId,
    // Of fields that there are none of.
    warnings: [...((started.warnings as readonly string[] | undefined) ?? []), ...(status.warnings ?? [])],
    files: (status.results?.files ?? []).map(({ kind, name: file, size_bytes, result_key }) => ({
      ...{ kind, name: file, sizeBytes: size_bytes, resultKey: result_key },
    })),
    async urlOf({ resultKey }) {
      const { download_url: url } = await act({ action: 'generate_download_url', result_key: resultKey });
      return String(url);
    },
  };
}

interface JobStatusView {
  readonly status: 'processing' | 'completed' | 'failed';
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly results?: {
    readonly files?: readonly { kind: string; name: string; size_bytes: number; result_key: string }[];
  };
}

const viewOf = (output: Record<string, unknown>) => output.job_status as JobStatusView;

type Tell = NonNullable<AnalyseOptions['onProgress']>;
type Following = Pick<AnalyseOptions, 'signal' | 'onProgress'>;
type Output = Record<string, unknown>;

/** One action as a job. What it says no to is told inside its output. Given up on, it is cancelled with what it began. */
type Act = ReturnType<typeof createActor>;

function createActor(endpoint: EndpointClient) {
  return async function act(input: Output, { signal, onProgress }: Following = {}): Promise<Output> {
    const given = signal ? { signal } : {};
    const { id } = await endpoint.run(input, given);
    try {
      return outputOf(await endpoint.waitForJob(id, { ...given, ...telling(onProgress) }));
    } catch (error) {
      if (!signal?.aborted) throw error;
      const { status } = await endpoint.cancel(id);
      const { output } = status === 'COMPLETED' ? await endpoint.status(id) : {};
      // It began the processing just before.
      const { job_id } = (output ?? {}) as Output;
      if (typeof job_id === 'string') await act({ action: 'cancel_processing', job_id });
      throw error;
    }
  };
}

function outputOf({ status, output, error }: JobReply): Output {
  if (status !== 'COMPLETED') throw new AnalysisError(error ?? `the job is ${status}`);
  const found = (output ?? {}) as Output;
  if (found.status === 'error') throw new AnalysisError(String(found.error));
  return found;
}

/** To the end of the processing, which is cancelled where it is given up on. */
async function follow(
  endpoint: EndpointClient,
  act: Act,
  { started, jobId, signal, onProgress }: Following & { readonly started: Output; readonly jobId: string },
): Promise<JobStatusView> {
  const given = signal ? { signal } : {};
  const ask = async () => viewOf(await act({ action: 'get_status', job_id: jobId }, given));
  try {
    const status = await ask();
    if (status.status !== 'processing' || typeof started.process_job_id !== 'string') return status;
    const tellOfJob = onProgress && ((progress: AnalysisProgress) => onProgress({ ...progress, jobId }));
    await endpoint.waitForJob(started.process_job_id, { ...given, ...telling(tellOfJob) });
    return await ask();
  } catch (error) {
    if (signal?.aborted) await act({ action: 'cancel_processing', job_id: jobId });
    throw error;
  }
}

const telling = (onProgress: Tell | undefined) =>
  onProgress ? { onProgress: (reply: JobReply) => tell(reply, onProgress) } : {};
function tell({ output, waitReason, status }: JobReply, onProgress: Tell): void {
  if (status === 'IN_QUEUE') {
    onProgress({ stage: waitReason?.message ?? 'waits for a worker', percent: 0 });
    return;
  }
  const { stage, percent, segments } = (output ?? {}) as Partial<AnalysisProgress>;
  if (typeof stage !== 'string' || typeof percent !== 'number') return;
  onProgress({ stage, percent, ...(segments ? { segments } : {}) });
}
