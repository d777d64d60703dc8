import type { Orientation } from './orientation.ts';

/** A video as its users see it, and what decoding it needs to know. */
export interface VideoInfo {
  /** As shown: turned as the file says, with square pixels. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Clockwise turn from the stored frames to those shown: 0, 90, 180 or 270. */
  readonly rotationDeg: number;
  /** From the first moment to the end of the last frame. */
  readonly durationMs: number;
  /** Frames a second, on average; 0 where the file does not tell. */
  readonly frameRate: number;
  readonly isVariableFrameRate: boolean;
  /** ffmpeg's name, such as `h264`, `hevc`, `vp9`. */
  readonly codec: string;
  readonly hasAudio: boolean;
  readonly stored: StoredVideo;
}

/** The file's own terms. */
export interface StoredVideo {
  /** ffprobe's name of the container, such as `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly container: string;
  /** Index of the video stream in the file. */
  readonly streamIndex: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly orientation: Orientation;
  readonly isInterlaced: boolean;
  /** Timestamp of the file's first moment, which is time 0 for us as for players. */
  readonly startMs: number;
  /** End of the video stream alone, from the file's first moment on, where it is told; audio may go on longer. */
  readonly videoEndMs: number | undefined;
  readonly color: VideoColor;
  readonly audio?: { readonly codec: string };
  /** ffmpeg's own version text, such as `5.1.9-0+deb12u1`. */
  readonly ffmpegVersion: string;
}

/** How its numbers mean colours, as ffmpeg names it; undefined where the file does not tell. */
export interface VideoColor {
  readonly range: string | undefined;
  readonly space: string | undefined;
  readonly transfer: string | undefined;
  readonly primaries: string | undefined;
}
