import { createWriteStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Client, JobReply } from '@spillway/sdk/client';
import {
  type AnalysedVideo,
  AnalysisError,
  analyseVideo,
  type VideoAnalysis,
} from '@spillway/sdk/ergonomics';
import { fetchSoundly } from '@spillway/sdk/net';
import { mediaTypeOf } from '../media-type.ts';
import { readSlice } from '../read-slice.ts';
import type { JobInput } from './inputs.ts';
import type { ProgressView } from './progress-view.ts';
import type { VideoOutput, VideoSummary } from './video-summary.ts';

export interface VideoRun {
  readonly client: Client;
  readonly endpointName: string;
  readonly input: JobInput;
  readonly file: string;
  /** Where results go, each video in a folder of its own name. */
  readonly out: string | undefined;
  readonly signal: AbortSignal;
  readonly view: ProgressView;
}

/** Uploads a video, has it processed, fetches its results. What the worker says no to is a failed job. */
export async function runVideo(run: VideoRun): Promise<JobReply> {
  const { client, endpointName, input, file, out, signal, view } = run;
  const show = (stage: string, percent: number) =>
    view.change(input, { id: '', status: 'IN_PROGRESS', output: { stage, percent } });
  const { size, mtimeMs } = await stat(file);
  const durationMs = await durationOf(file, signal);
  const handle = await open(file);
  const { input: wanted } = await input.load();
  let startedJob = '';
  let isUploading = true;
  try {
    const video = await analyseVideo(
      client,
      {
        ...{ name: path.basename(file), sizeBytes: size, mediaType: mediaTypeOf(file) },
        ...(durationMs === undefined ? {} : { durationMs }),
        slice: (start, end) => readSlice(handle, file, start, end),
      },
      {
        ...(wanted as VideoAnalysis),
        ...{
          endpoint: endpointName,
          signal,
          resumeKey: `${path.resolve(file)} ${size} ${mtimeMs}`.slice(-200),
        },
        onProgress({ stage, percent, segments, jobId = startedJob }) {
          startedJob = jobId;
          isUploading = stage === 'uploading';
          const isPart = segments !== undefined && segments.total > 1 && segments.done < segments.total;
          show(isPart ? `${stage}, segment ${segments.done + 1} of ${segments.total}` : stage, percent);
        },
      },
    );
    const files = out === undefined ? [] : await fetchAll(video, folderOf(out, input), show, signal);
    const { jobId: job_id, warnings } = video;
    const results = files.length > 0 ? files : video.files.map(({ name }) => name);
    const output: VideoOutput = { job_id, summary: await readSummary(video, signal), warnings, results };
    return { ...{ id: job_id, status: 'COMPLETED' }, output };
  } catch (error) {
    const id = startedJob;
    if (signal.aborted) return { id, status: 'CANCELLED', ...(isUploading ? { error: GOES_ON } : {}) };
    if (error instanceof AnalysisError)
      return { id: error.jobId ?? id, status: 'FAILED', error: error.message };
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * As its worker will read it. Undefined where this machine has no ffmpeg, or it makes nothing of the file: what is wrong with
 * that the worker says.
 */
async function durationOf(file: string, signal: AbortSignal): Promise<number | undefined> {
  const { probeVideo } = await import('@spillway/workers/video');
  return probeVideo(file, { signal }).then(
    ({ durationMs }) => durationMs,
    () => undefined,
  );
}

const GOES_ON = 'the upload goes on where it was when the same video is sent again';
/** Results of many hours are not fetched for a few figures. */
const MOST_BYTES = 32 * 1024 ** 2;

async function readSummary(video: AnalysedVideo, signal: AbortSignal): Promise<VideoSummary | undefined> {
  const json = video.files.find(({ kind }) => kind === 'json');
  if (json === undefined || json.sizeBytes > MOST_BYTES) return undefined;
  const reply = await fetchSoundly(await video.urlOf(json), { signal });
  if (!reply.ok) return undefined;
  return ((await reply.json()) as { summary: VideoSummary }).summary;
}

/** Paths of the files that `runVideo` has brought, by its reply. */
export function fetchedResults({ output }: JobReply): readonly string[] {
  const { results } = (output ?? {}) as { readonly results?: readonly string[] };
  return results?.filter((file) => path.isAbsolute(file)) ?? [];
}

const folderOf = (out: string, { label }: JobInput) =>
  path.join(path.resolve(out), label.replace(/\.[^.]*$/, ''));

/** Paths of the results, as they are now on this machine. */
async function fetchAll(
  video: AnalysedVideo,
  folder: string,
  show: (stage: string, percent: number) => void,
  signal: AbortSignal,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const [at, file] of video.files.entries()) {
    show(`fetching ${file.name}`, Math.floor((100 * at) / video.files.length));
    const reply = await fetchSoundly(await video.urlOf(file), { signal });
    if (!reply.ok || !reply.body)
      throw new AnalysisError(`${file.name} could not be fetched (${reply.status})`);
    const to = path.join(folder, path.basename(file.name));
    await pipeline(reply.body, createWriteStream(to), { signal });
    paths.push(to);
  }
  return paths;
}
