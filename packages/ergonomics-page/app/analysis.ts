import type { VideoQuality } from '@spillway/protocol/ergonomics';
import {
  ApiError,
  type ArtifactView,
  type Client,
  type EndpointClient,
  type JobReply,
  type UploadTokenView,
} from '@spillway/sdk/client';
import type { Lift } from './lifts.ts';
import { atGateway } from './progress-fetch.ts';
import { fingerprintOf } from './video-file.ts';
import { createActor, type Sleep } from './worker-actions.ts';

/** What the page asks of the gateway and of its ergonomics worker. Each call may be made again after a reload. */
export const QUALITIES = ['low', 'medium', 'high', 'ultra'] as const satisfies VideoQuality[];
export type Quality = (typeof QUALITIES)[number];

export interface AnalysisSettings {
  readonly quality: Quality;
  /** Of the report. */
  readonly title: string;
  /** That somebody measured. */
  readonly lifts?: readonly Lift[];
}

/** What the link allows. */
export interface Terms {
  /** The largest video that the server takes. */
  readonly maxVideoBytes: number;
  /** How long it may last, where there is a limit. */
  readonly maxVideoMs?: number;
  readonly expiresAt: number;
}

/** A video that is processed. */
export interface StartedJob {
  readonly jobId: string;
  /** The queue's own job for it; absent where the worker keeps the first one open. */
  readonly processJobId?: string;
}

export interface Progress {
  readonly stage: string;
  readonly percent: number;
  readonly segments?: { readonly done: number; readonly total: number };
}

export interface NamedUrl {
  readonly name: string;
  readonly url: string;
}

/** A job as the worker tells it. */
export interface JobStatusView {
  readonly job_id: string;
  readonly status: 'processing' | 'completed' | 'failed';
  readonly state?: 'accepted' | 'processing' | 'completed' | 'failed' | 'cancelled';
  readonly progress: number;
  readonly stage?: string;
  readonly segments?: Progress['segments'];
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly download_url?: string;
  readonly results?: {
    readonly json_url?: string;
    readonly csv_url?: string;
    readonly excel_url?: string;
    readonly npz_url?: string;
    readonly pkl_url?: string;
    readonly html_url?: string;
    readonly pdf_url?: string;
    readonly videos?: readonly NamedUrl[];
    readonly pictures?: readonly NamedUrl[];
    readonly files?: readonly { readonly kind: string; readonly size_bytes: number }[];
  };
}

/** The file changed or went away after it was chosen. */
export class FileGoneError extends Error {
  override readonly name = 'FileGoneError';
}

export interface AnalysisOptions {
  readonly client: Client;
  readonly endpoint: string;
  /** Where the page reaches the gateway. */
  readonly origin: string;
  readonly sleep: Sleep;
}

export interface Sending {
  readonly signal: AbortSignal;
  /** Numbers of parts that are known to be there; grows. */
  readonly acknowledged: Set<number>;
  readonly onProgress: (sentBytes: number) => void;
}

export type Analysis = ReturnType<typeof createAnalysis>;

const POLL_MS = 5_000;

export function createAnalysis({ client, endpoint: name, origin, sleep }: AnalysisOptions) {
  const endpoint = client.endpoint(name);
  const act = createActor(endpoint, sleep);

  async function status(jobId: string, signal?: AbortSignal): Promise<JobStatusView> {
    const input = { action: 'get_status', job_id: jobId };
    return withReachableUrls(
      (await act<{ job_status: JobStatusView }>(input, { signal })).job_status,
      origin,
    );
  }

  return {
    status,
    /** Throws where the link is not good, or nobody answers. */
    terms: async (): Promise<Terms> => termsOf(await client.artifacts.ownUploadToken()),
    /** Begins an upload, or finds the one of this file that broke off. */
    begin: (file: File, signal: AbortSignal): Promise<ArtifactView> =>
      client.artifacts.create(
        {
          ...{ name: file.name, sizeBytes: file.size, endpoint: name, resumeKey: fingerprintOf(file) },
          ...(file.type === '' ? {} : { mediaType: file.type }),
        },
        { signal },
      ),
    /** The video's key, once all of the upload is there. */
    async keyOfWhole(uploadId: string): Promise<string | undefined> {
      const { state, key } = await client.artifacts.show(uploadId);
      return state === 'ready' ? key : undefined;
    },
    /** Sends what is not there yet; answers the video's key. */
    async send(file: File, { signal, acknowledged, onProgress }: Sending): Promise<string> {
      const source = {
        ...{ name: file.name, sizeBytes: file.size },
        ...(file.type === '' ? {} : { mediaType: file.type }),
        async slice(start: number, end: number) {
          const part = file.slice(start, end);
          await part.slice(0, 1).arrayBuffer().catch(fileGone);
          return part;
        },
      };
      const { key } = await client.artifacts.upload(source, {
        ...{ endpoint: name, resumeKey: fingerprintOf(file), signal, acknowledged },
        onProgress: ({ sentBytes }) => onProgress(sentBytes),
      });
      return key;
    },
    discardUpload: (id: string) => client.artifacts.delete(id),
    /** `onStarted` hears the job's id as soon as it is known, which may be long before this resolves. */
    async start(
      videoKey: string,
      settings: AnalysisSettings,
      watch: { signal: AbortSignal; onStarted(job: StartedJob): void; onProgress(value: Progress): void },
    ): Promise<void> {
      const input = { action: 'start_processing', video_key: videoKey, ...fieldsOf(settings) };
      const started = await act<{ job_id: string; process_job_id?: string }>(input, {
        signal: watch.signal,
        onReply(reply) {
          const { job_id: jobId } = (reply.output ?? {}) as { job_id?: unknown };
          if (typeof jobId === 'string') watch.onStarted({ jobId });
          tell(reply, watch.onProgress);
        },
      });
      const { job_id: jobId, process_job_id: processJobId } = started;
      watch.onStarted({ jobId, ...(processJobId === undefined ? {} : { processJobId }) });
    },
    /** Resolves when the job is done, however it ended. */
    async watch(
      { jobId, processJobId }: StartedJob,
      signal: AbortSignal,
      onProgress: (value: Progress) => void,
    ): Promise<JobStatusView> {
      if (processJobId !== undefined) await watchJob(endpoint, processJobId, { signal, onProgress });
      for (;;) {
        const view = await status(jobId, signal);
        if (view.status !== 'processing') return view;
        onProgress(progressOf(view));
        await sleep(POLL_MS, signal);
      }
    },
    cancel: (jobId: string) => act<object>({ action: 'cancel_processing', job_id: jobId }),
  };
}

const termsOf = ({ maxUploadBytes, maxUploadDurationMs: longest, expiresAt }: UploadTokenView): Terms => ({
  ...{ maxVideoBytes: maxUploadBytes, expiresAt },
  ...(longest === undefined ? {} : { maxVideoMs: longest }),
});

/** As the worker calls them. */
const fieldsOf = ({ quality, title, lifts = [] }: AnalysisSettings) => ({
  quality,
  ...(title === '' ? {} : { title }),
  ...(lifts.length === 0 ? {} : { niosh: lifts }),
});

/** By the queue's job, whose looking at costs nothing. A link of somebody else can't see it. */
async function watchJob(
  endpoint: EndpointClient,
  id: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress(value: Progress): void },
): Promise<void> {
  try {
    await endpoint.waitForJob(id, { signal, onProgress: (reply) => tell(reply, onProgress) });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

/** A worker knows the gateway under an address of its own. */
function withReachableUrls<T>(value: T, origin: string): T {
  const text = JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'string' && /^https?:\/\//.test(one) ? atGateway(one, origin) : one,
  );
  return JSON.parse(text) as T;
}

function fileGone(cause: unknown): never {
  throw new FileGoneError('the file can no longer be read', { cause });
}

const progressOf = ({ stage = 'processing', progress, segments }: JobStatusView): Progress => ({
  ...{ stage, percent: progress },
  ...(segments ? { segments } : {}),
});

function tell({ status, waitReason, output }: JobReply, onProgress: (value: Progress) => void): void {
  if (status === 'IN_QUEUE') {
    onProgress({ stage: waitReason?.message ?? 'waiting for a worker', percent: 0 });
    return;
  }
  const { stage, percent, segments } = (output ?? {}) as Partial<Progress>;
  if (typeof stage === 'string' && typeof percent === 'number')
    onProgress({ stage, percent, ...(segments ? { segments } : {}) });
}
