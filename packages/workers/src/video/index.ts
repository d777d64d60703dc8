export type { VideoDamage } from './damage.ts';
export { type DecodeOptions, decodeFrames, type VideoFrame } from './decode-frames.ts';
export type { PixelLayout } from './decode-plan.ts';
export { createYuvCanvas, type YuvCanvas, type YuvPixels } from './draw/yuv-canvas.ts';
export { matrixOf, type YuvMatrix } from './draw/yuv-ink.ts';
export type { EncodeOrigin } from './encode-plan.ts';
export {
  type EncodedVideo,
  type EncodeOptions,
  encodePiece,
  encodeVideo,
  joinPieces,
  type TimedFrame,
} from './encode-video.ts';
export { type Ffmpeg, findFfmpeg } from './ffmpeg/find-ffmpeg.ts';
export { type ProbeOptions, probeVideo } from './probe-video.ts';
export { VideoError, type VideoErrorCode } from './video-error.ts';
export type { VideoInfo } from './video-info.ts';
export { DEFAULT_VIDEO_LIMITS, type VideoLimits } from './video-limits.ts';
