/** What a video may cost before it is decoded. */
export interface VideoLimits {
  /** Width times height of its stored frames. A decoder keeps about twenty of them. */
  readonly maxPixels: number;
}

/** 4096 x 4096: all forms of 4K and 5.3K pass, 8K does not. */
export const DEFAULT_VIDEO_LIMITS: VideoLimits = Object.freeze({ maxPixels: 16_777_216 });
