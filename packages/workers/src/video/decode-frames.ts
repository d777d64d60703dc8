import type { Readable } from 'node:stream';
import { findDamage, type VideoDamage } from './damage.ts';
import { type DecodeRequest, planDecode, TIMES_DESCRIPTOR } from './decode-plan.ts';
import { openByteChannel } from './ffmpeg/byte-channel.ts';
import { type Child, startChild } from './ffmpeg/child.ts';
import { explainFailure } from './ffmpeg/explain-failure.ts';
import { type Ffmpeg, findFfmpeg } from './ffmpeg/find-ffmpeg.ts';
import { createFrameRing } from './ffmpeg/frame-ring.ts';
import { readFrameTimes } from './ffmpeg/frame-times.ts';
import { sourceArguments } from './ffmpeg/source.ts';
import { noFrames } from './probe-answer.ts';
import { probeVideo } from './probe-video.ts';
import { createSampler } from './sampler.ts';
import { VideoError } from './video-error.ts';
import type { VideoInfo } from './video-info.ts';
import { DEFAULT_VIDEO_LIMITS, type VideoLimits } from './video-limits.ts';

export interface DecodeOptions extends DecodeRequest {
  readonly signal?: AbortSignal | undefined;
  /** What `probeVideo` told; asked again where it is not given. */
  readonly video?: VideoInfo | undefined;
  readonly limits?: VideoLimits | undefined;
  readonly ffmpeg?: Ffmpeg | undefined;
  /** Called once, after the last frame, when the file is damaged. Without it that is thrown as `CORRUPT`. */
  readonly onDamage?: ((damage: VideoDamage) => void) | undefined;
}

export interface VideoFrame {
  /** Counts the frames that were delivered, from 0. */
  readonly index: number;
  /** When it is shown, from the video's first moment on, to the microsecond. Rises from frame to frame. */
  readonly timeMs: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Valid until the next frame is asked for. */
  readonly data: Uint8Array;
}

/**
 * The frames of a video, as they are shown, in order, each with its true time. ffmpeg waits while the frames are not
 * fetched, and ends when the loop over them does; memory does not grow with the video.
 * A range without a frame gives none; a video without a frame is an error.
 * @param source a local path, or an https URL that the caller has checked.
 * @throws VideoError `CORRUPT` behind the last good frame, unless `onDamage` is given; others before the first.
 */
export async function* decodeFrames(
  source: string,
  options: DecodeOptions,
): AsyncGenerator<VideoFrame, void, undefined> {
  const { signal, limits = DEFAULT_VIDEO_LIMITS } = options;
  const ffmpeg = options.ffmpeg ?? (await findFfmpeg());
  const video = options.video ?? (await probeVideo(source, { signal, limits, ffmpeg }));
  const plan = planDecode(video, options);
  const { widthPx, heightPx, frameBytes } = plan;
  const before = ['-nostdin', '-v', 'error', '-max_pixels', String(limits.maxPixels), ...plan.inputArguments];
  const args = [...before, ...sourceArguments(source), ...plan.outputArguments];
  const ring = createFrameRing(frameBytes, slotsFor(frameBytes));
  const sampler = createSampler(video, options);
  const { ours, theirs } = await openByteChannel(ring);
  let child: Child | undefined;
  let index = 0;
  try {
    const pipes = { stdout: theirs, extraPipes: TIMES_DESCRIPTOR - 2 };
    child = startChild(ffmpeg.ffmpeg, args, { signal, ...pipes });
    // The child has a copy; only without ours does the channel end with it.
    theirs.destroy();
    const times = readFrameTimes(child.extras[0] as Readable);
    for await (const data of ring.frames(() => ours.resume())) {
      const timeMs = sampler.accept(await times.next());
      signal?.throwIfAborted();
      if (timeMs !== undefined) yield { index: index++, timeMs, widthPx, heightPx, data };
    }
    const { code } = await child.ended;
    signal?.throwIfAborted();
    judgeEnding(child, code, { source, video, options, lastFrameMs: sampler.lastMs });
  } finally {
    theirs.destroy();
    ours.destroy();
    await child?.stop();
  }
}

/** Read ahead: so much, but two frames at least and eight at most. */
const READ_AHEAD_BYTES = 16_000_000;

function slotsFor(frameBytes: number): number {
  return Math.min(8, Math.max(2, Math.floor(READ_AHEAD_BYTES / frameBytes)));
}

interface Reading {
  readonly source: string;
  readonly video: VideoInfo;
  readonly options: DecodeOptions;
  readonly lastFrameMs: number | undefined;
}

function judgeEnding(child: Child, exitCode: number | null, reading: Reading): void {
  const { source, video, options, lastFrameMs } = reading;
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY, samplesPerSecond } = options;
  const stderr = child.stderr();
  if (lastFrameMs === undefined) {
    if (exitCode !== 0) throw explainFailure(stderr, source);
    if (fromMs <= 0 && toMs >= video.durationMs) throw noFrames();
  }
  const { videoEndMs } = video.stored;
  const periodMs = Math.max(
    1000 / (samplesPerSecond ?? Number.POSITIVE_INFINITY),
    1000 / (video.frameRate || 1),
  );
  const damage = findDamage({
    exitCode,
    stderr,
    lastFrameMs,
    expectedEndMs: videoEndMs === undefined || fromMs >= videoEndMs ? undefined : Math.min(videoEndMs, toMs),
    toleranceMs: 1500 + 2 * periodMs,
    isVariableFrameRate: video.isVariableFrameRate,
    isEnteredMidway: fromMs > 0,
  });
  if (damage === undefined) return;
  if (options.onDamage === undefined) throw new VideoError('CORRUPT', damage.message);
  options.onDamage(damage);
}
