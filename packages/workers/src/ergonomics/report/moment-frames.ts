import type { RgbImage } from '../../media/raster.ts';
import { decodeFrames, type Ffmpeg, type VideoInfo } from '../../video/index.ts';

/** Frames of a video at single times, for pictures of worst moments: what `drawMoments` asks for. */
export interface MomentFrames {
  readonly source: string;
  readonly video: VideoInfo;
  /** Width of the pictures that the poses are in. */
  readonly poseWidthPx: number;
  readonly signal?: AbortSignal | undefined;
  readonly ffmpeg?: Ffmpeg | undefined;
}

/** Larger frames show no more in a picture of 480 by 600 of a part of them. */
const MOST_SIDE_PX = 1600;
/** Times are rounded on their way through results; the frame itself must not be missed for it. */
const NEARLY_MS = 1;
/** The video may have lost frames since its poses were read. */
const LONGEST_MS = 1000;

/** Answers the first frame from a time in seconds on; undefined where the video has none there. */
export function readMomentFrames({ source, video, poseWidthPx, signal, ffmpeg }: MomentFrames) {
  return async (t: number): Promise<{ frame: RgbImage; poseWidthPx: number } | undefined> => {
    const fromMs = Math.max(0, t * 1000 - NEARLY_MS);
    const range = { fromMs, toMs: fromMs + LONGEST_MS, maxSidePx: MOST_SIDE_PX };
    const request = { ...range, pixels: 'rgb24', video, signal, ffmpeg, onDamage() {} } as const;
    for await (const { widthPx: width, heightPx: height, data } of decodeFrames(source, request)) {
      return { frame: { width, height, data: data.slice() }, poseWidthPx };
    }
    return undefined;
  };
}
