import { LARGEST_FRAME_PIXELS } from '@spillway/protocol/ergonomics';

/** What a video may cost before it is decoded. */
export interface VideoLimits {
  /** Width times height of its stored frames. A decoder keeps about twenty of them. */
  readonly maxPixels: number;
}

export const DEFAULT_VIDEO_LIMITS: VideoLimits = Object.freeze({ maxPixels: LARGEST_FRAME_PIXELS });
