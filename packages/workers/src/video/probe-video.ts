import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { startChild } from './ffmpeg/child.ts';
import { explainFailure } from './ffmpeg/explain-failure.ts';
import { type Ffmpeg, findFfmpeg } from './ffmpeg/find-ffmpeg.ts';
import { sourceArguments } from './ffmpeg/source.ts';
import { noFrames, type ProbedVideo, parseProbeAnswer } from './probe-answer.ts';
import { VideoError } from './video-error.ts';
import type { VideoInfo } from './video-info.ts';
import { DEFAULT_VIDEO_LIMITS, type VideoLimits } from './video-limits.ts';

export interface ProbeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly limits?: VideoLimits | undefined;
  /** Found anew where it is not given. */
  readonly ffmpeg?: Ffmpeg | undefined;
}

/**
 * What a video is, from its headers; nothing is decoded. Files that don't say how long they are, such as a browser's
 * recordings, are read through once.
 * @param source a local path, or an https URL that the caller has checked.
 * @throws VideoError
 */
export async function probeVideo(source: string, options: ProbeOptions = {}): Promise<VideoInfo> {
  const { ffprobe } = options.ffmpeg ?? (await findFfmpeg());
  await checkFile(source);
  const answer = await askProbe(ffprobe, source, options.signal);
  const video = parseProbeAnswer(answer, options.limits ?? DEFAULT_VIDEO_LIMITS);
  if (video.durationMs !== undefined && video.durationMs > 0) {
    return { ...video, durationMs: video.durationMs };
  }
  return { ...video, durationMs: await measureDuration(ffprobe, source, video, options.signal) };
}

/** ffprobe's own words for these are poor. */
async function checkFile(source: string): Promise<void> {
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(source)) return;
  const found = await stat(source).catch((cause: NodeJS.ErrnoException) => {
    throw new VideoError('SOURCE_UNAVAILABLE', `The video can't be read: ${cause.code ?? cause.message}.`, {
      cause,
    });
  });
  if (!found.isFile())
    throw new VideoError('NOT_A_VIDEO', 'The source is not a file but a folder or a device.');
  if (found.size === 0) throw new VideoError('NOT_A_VIDEO', 'The file is empty. Send the video again.');
}

async function askProbe(ffprobe: string, source: string, signal: AbortSignal | undefined): Promise<unknown> {
  const args = [
    '-v',
    'error',
    '-print_format',
    'json',
    '-show_format',
    '-show_streams',
    '-show_program_version',
  ];
  const child = startChild(ffprobe, [...args, ...sourceArguments(source)], { signal });
  const [printed, end] = await Promise.all([text(child.stdout).catch(() => ''), child.ended]);
  signal?.throwIfAborted();
  if (end.code !== 0) throw explainFailure(child.stderr(), source);
  return JSON.parse(printed);
}

/** To the greatest end of a packet; bare streams have no times, and their packets are counted. */
async function measureDuration(
  ffprobe: string,
  source: string,
  { stored, frameRate }: ProbedVideo,
  signal: AbortSignal | undefined,
): Promise<number> {
  const fields = ['-show_entries', 'packet=pts_time,duration_time', '-of', 'csv=p=0'];
  const stream = ['-select_streams', String(stored.streamIndex)];
  const child = startChild(ffprobe, ['-v', 'error', ...fields, ...stream, ...sourceArguments(source)], {
    signal,
  });
  const [{ endMs, packets }] = await Promise.all([readPackets(child.stdout), child.ended]);
  signal?.throwIfAborted();
  if (packets === 0) throw noFrames();
  if (endMs === undefined) return (packets / (frameRate || 25)) * 1000;
  return Math.max(0, endMs - stored.startMs);
}

async function readPackets(stdout: Readable): Promise<{ endMs: number | undefined; packets: number }> {
  let endMs: number | undefined;
  let packets = 0;
  let rest = '';
  stdout.setEncoding('utf8');
  for await (const chunk of stdout) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [start = Number.NaN, duration = 0] = line.split(',').map(Number);
      const end = (start + (duration || 0)) * 1000;
      if (Number.isFinite(end) && end > (endMs ?? Number.NEGATIVE_INFINITY)) endMs = end;
      if (line !== '') packets++;
    }
  }
  return { endMs, packets };
}
