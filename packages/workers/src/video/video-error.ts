/**
 * Why a video can't be read or written. `CORRUPT` may come after frames have been delivered: those were good.
 * `SOURCE_UNAVAILABLE` is the only one that a second try may mend.
 */
export type VideoErrorCode =
  | 'NOT_A_VIDEO'
  | 'NO_VIDEO_STREAM'
  | 'NO_FRAMES'
  | 'TOO_LARGE'
  | 'CORRUPT'
  | 'SOURCE_UNAVAILABLE'
  | 'UNSUPPORTED_CODEC'
  | 'FFMPEG_MISSING'
  | 'FFMPEG_FAILED';

/** The message is a sentence for the user: what is wrong and what to do. */
export class VideoError extends Error {
  override readonly name = 'VideoError';
  readonly code: VideoErrorCode;

  constructor(code: VideoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
