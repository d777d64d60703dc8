import { z } from 'zod';
import { NO_FRAMES_SENTENCE } from './ffmpeg/explain-failure.ts';
import { type Orientation, parseDisplayMatrix, parseRotateTag, swapsSides, UPRIGHT } from './orientation.ts';
import { VideoError } from './video-error.ts';
import type { VideoInfo } from './video-info.ts';
import type { VideoLimits } from './video-limits.ts';

/** ffprobe's JSON, as far as it is read here. All its numbers may be absent, and most are text. */
const streamSchema = z.object({
  index: z.number(),
  codec_name: z.string().optional(),
  codec_type: z.string().optional(),
  width: z.number().default(0),
  height: z.number().default(0),
  sample_aspect_ratio: z.string().optional(),
  field_order: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  start_time: z.string().optional(),
  duration: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  disposition: z.record(z.string(), z.number()).default({}),
  tags: z.record(z.string(), z.string()).default({}),
  side_data_list: z.array(z.object({ displaymatrix: z.string().optional() })).default([]),
});
const answerSchema = z.object({
  program_version: z.object({ version: z.string() }).optional(),
  streams: z.array(streamSchema).default([]),
  format: z.object({
    format_name: z.string(),
    start_time: z.string().optional(),
    duration: z.string().optional(),
  }),
});
type Stream = z.infer<typeof streamSchema>;

/** What ffprobe tells, before the duration is known: not every file says how long it is. */
export type ProbedVideo = Omit<VideoInfo, 'durationMs'> & { readonly durationMs: number | undefined };

/**
 * Reads ffprobe's JSON (`-show_format -show_streams -show_program_version`).
 * @throws VideoError `NO_VIDEO_STREAM`, `NO_FRAMES`, `UNSUPPORTED_CODEC` or `TOO_LARGE`.
 */
export function parseProbeAnswer(answer: unknown, limits: VideoLimits): ProbedVideo {
  const { streams, format, program_version } = answerSchema.parse(answer);
  const stream = chooseStream(streams);
  const audio = streams.find(({ codec_type }) => codec_type === 'audio');
  checkStream(stream, limits);
  const orientation = orientationOf(stream);
  const [width, height] = shownSize(stream, orientation);
  const startMs = milliseconds(format.start_time) ?? 0;
  const streamStartMs = (milliseconds(stream.start_time) ?? startMs) - startMs;
  const streamDurationMs = milliseconds(stream.duration) ?? taggedDuration(stream);
  const videoEndMs = streamDurationMs === undefined ? undefined : streamStartMs + streamDurationMs;
  const average = ratio(stream.avg_frame_rate);
  const nominal = ratio(stream.r_frame_rate);
  const frameRate = average > 0 ? average : plausibleRate(nominal);
  return {
    widthPx: width,
    heightPx: height,
    rotationDeg: orientation.clockwiseDeg,
    durationMs: milliseconds(format.duration) ?? videoEndMs,
    frameRate,
    isVariableFrameRate: frameRate > 0 && Math.abs(nominal - frameRate) / frameRate > 0.005,
    codec: stream.codec_name ?? 'unknown',
    hasAudio: audio !== undefined,
    stored: {
      container: format.format_name,
      streamIndex: stream.index,
      widthPx: stream.width,
      heightPx: stream.height,
      orientation,
      isInterlaced: /^(tt|bb|tb|bt)$/.test(stream.field_order ?? ''),
      startMs,
      videoEndMs,
      color: {
        range: known(stream.color_range),
        space: known(stream.color_space),
        transfer: known(stream.color_transfer),
        primaries: known(stream.color_primaries),
      },
      ...(audio && { audio: { codec: audio.codec_name ?? 'unknown' } }),
      ffmpegVersion: program_version?.version ?? '',
    },
  };
}

/** The default one of several; never the cover picture of a piece of music. */
function chooseStream(streams: readonly Stream[]): Stream {
  const videos = streams.filter(
    ({ codec_type, disposition }) =>
      codec_type === 'video' && !disposition.attached_pic && !disposition.still_image,
  );
  const stream = videos.find(({ disposition }) => disposition.default) ?? videos[0];
  if (stream) return stream;
  const hasAudio = streams.some(({ codec_type }) => codec_type === 'audio');
  const what = hasAudio ? 'The file holds sound but no video.' : 'The file holds no video.';
  throw new VideoError('NO_VIDEO_STREAM', `${what} Send a file with a picture track.`);
}

function checkStream({ codec_name, width, height }: Stream, { maxPixels }: VideoLimits): void {
  if (codec_name === undefined || codec_name === 'unknown') {
    throw new VideoError(
      'UNSUPPORTED_CODEC',
      "The video is in a codec that this machine's ffmpeg does not know. Convert it to H.264 (MP4) and send that.",
    );
  }
  if (width <= 0 || height <= 0) throw noFrames();
  if (width * height > maxPixels) {
    const limit = (maxPixels / 1e6).toFixed(1);
    throw new VideoError(
      'TOO_LARGE',
      `The video is ${width} x ${height} pixels, more than the limit of ${limit} megapixels a frame. Scale it down, such as to 1920 x 1080, and send that.`,
    );
  }
}

export function noFrames(): VideoError {
  return new VideoError('NO_FRAMES', NO_FRAMES_SENTENCE);
}

function orientationOf({ side_data_list, tags }: Stream): Orientation {
  const matrix = side_data_list.find(({ displaymatrix }) => displaymatrix !== undefined)?.displaymatrix;
  if (matrix !== undefined) return parseDisplayMatrix(matrix);
  return tags.rotate === undefined ? UPRIGHT : parseRotateTag(tags.rotate);
}

/** With square pixels: those of old cameras are wider or narrower than high, which would bend every angle. */
function shownSize(stream: Stream, orientation: Orientation): [number, number] {
  const aspect = ratio(stream.sample_aspect_ratio?.replace(':', '/')) || 1;
  const width = Math.max(1, Math.round(stream.width * aspect));
  return swapsSides(orientation) ? [stream.height, width] : [width, stream.height];
}

/** Matroska's durations of streams are tags, such as `00:00:10.033000000`. */
function taggedDuration({ tags }: Stream): number | undefined {
  const match = /^(\d+):(\d+):([\d.]+)$/.exec(tags.DURATION ?? '');
  if (!match) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function milliseconds(seconds: string | undefined): number | undefined {
  const value = Number(seconds ?? Number.NaN);
  // ffprobe prints microseconds; their sum with others should not show the machine's rounding.
  return Number.isFinite(value) ? Math.round(value * 1e6) / 1000 : undefined;
}

/** `30000/1001` as a number; 0 where it is absent or has no meaning. */
function ratio(text: string | undefined): number {
  const [numerator = 0, denominator = 0] = (text ?? '').split('/').map(Number);
  const value = numerator / denominator;
  return Number.isFinite(value) && value > 0 ? value : 0;
}

/** Streams without a rate have that of their clock instead, such as 1000 or 90000 ticks a second. */
function plausibleRate(nominal: number): number {
  return nominal <= 240 ? nominal : 0;
}

function known(value: string | undefined): string | undefined {
  return value === undefined || value === 'unknown' || value === 'reserved' ? undefined : value;
}
