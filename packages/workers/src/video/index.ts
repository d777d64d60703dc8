export type { VideoDamage } from './damage.ts';
export { type DecodeOptions, decodeFrames, type VideoFrame } from './decode-frames.ts';
export type { PixelLayout } from './decode-plan.ts';
export { type Ffmpeg, findFfmpeg } from './ffmpeg/find-ffmpeg.ts';
export { type ProbeOptions, probeVideo } from './probe-video.ts';
export { VideoError, type VideoErrorCode } from './video-error.ts';
export type { VideoInfo } from './video-info.ts';
export { DEFAULT_VIDEO_LIMITS, type VideoLimits } from './video-limits.ts';
