import {
  createYuvCanvas,
  decodeFrames,
  type EncodedVideo,
  encodeVideo,
  type Ffmpeg,
  matrixOf,
  type TimedFrame,
  type VideoFrame,
  type VideoInfo,
} from '../../video/index.ts';
import { createOverlay } from './overlay.ts';
import type { PersonTrack } from './person-track.ts';

/**
 * The video with skeletons and live scores: every frame of the source at its own time, drawn on where it lies in memory,
 * and the source's sound. Memory doesn't grow with the video.
 */
export interface OverlayVideoOptions {
  /** A local path, or an https URL that the caller has checked. */
  readonly source: string;
  readonly video: VideoInfo;
  /** The MP4 to be made. */
  readonly toPath: string;
  readonly people: readonly PersonTrack[];
  /** Width of the pictures that the poses are in. */
  readonly poseWidthPx: number;
  /** Longer side of the new video at most. */
  readonly maxSidePx?: number;
  readonly signal?: AbortSignal | undefined;
  readonly ffmpeg?: Ffmpeg | undefined;
  /** Seconds of the video that are done, after each frame. */
  readonly onProgress?: ((seconds: number) => void) | undefined;
}

const MOST_SIDE_PX = 1280;

/** @throws VideoError; of a source that is cut off, the frames before the cut are there. */
export async function writeOverlayVideo(options: OverlayVideoOptions): Promise<EncodedVideo> {
  const { source, video, toPath, maxSidePx = MOST_SIDE_PX, signal, ffmpeg } = options;
  const request = { maxSidePx, pixels: 'yuv420p', video, signal, ffmpeg, onDamage() {} } as const;
  const frames = decodeFrames(source, request)[Symbol.asyncIterator]();
  const first = await frames.next();
  try {
    // Without a frame the size doesn't matter: writing then says what is wrong.
    const { widthPx, heightPx } = first.value ?? { widthPx: 2, heightPx: 2 };
    const origin = { source, video };
    return await encodeVideo(drawn(first, frames, options), {
      ...{ toPath, widthPx, heightPx },
      origin,
      signal,
      ffmpeg,
    });
  } finally {
    await frames.return?.();
  }
}

type Frames = AsyncIterator<VideoFrame, void, undefined>;

async function* drawn(
  first: IteratorResult<VideoFrame, void>,
  frames: Frames,
  { people, poseWidthPx, video, onProgress }: OverlayVideoOptions,
): AsyncGenerator<TimedFrame> {
  let next = first;
  if (next.done) return;
  const { widthPx, heightPx } = next.value;
  const overlay = createOverlay({ widthPx, heightPx, poseWidthPx });
  const matrix = matrixOf(video);
  while (!next.done) {
    const { data, timeMs } = next.value;
    const t = timeMs / 1000;
    const canvas = createYuvCanvas({ widthPx, heightPx, data }, matrix);
    overlay.draw(canvas, { t, people: people.map((personAt) => personAt(t)) });
    yield { timeMs, data };
    onProgress?.(t);
    next = await frames.next();
  }
}
