import type { VideoInfo } from '../../video/index.ts';
import { type OverlayPieces, writeOverlayVideo } from '../overlay/overlay-video.ts';
import { createPersonTrack } from '../overlay/person-track.ts';
import { drawMoments } from '../report/draw-moment.ts';
import { readMomentFrames } from '../report/moment-frames.ts';
import type { MomentPicture } from '../report/moment-picture.ts';
import type { ScoredPerson } from './scored-person.ts';

/** A video whose pictures are drawn on. Plain data: it goes to the thread that draws. */
export interface DrawingSource {
  readonly source: string;
  readonly video: VideoInfo;
  /** Width of the pictures that the poses are in. */
  readonly poseWidthPx: number;
}

export interface OverlayWork {
  readonly toPath: string;
  readonly pieces: OverlayPieces;
  readonly signal: AbortSignal;
  /** 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Pictures of the worst moments. */
export function drawWorstMoments(
  drawing: DrawingSource,
  { sequence, result }: ScoredPerson,
  signal: AbortSignal,
): Promise<readonly MomentPicture[]> {
  return drawMoments(sequence, result.summary.worst_moments, readMomentFrames({ ...drawing, signal }));
}

/** The whole video with skeleton and live score, as an MP4. */
export async function drawOverlay(
  drawing: DrawingSource,
  { person, sequence }: ScoredPerson,
  { toPath, pieces, signal, onProgress }: OverlayWork,
): Promise<void> {
  const people = [createPersonTrack(`person ${person}`, sequence.samples)];
  const seconds = drawing.video.durationMs / 1000;
  await writeOverlayVideo({
    ...{ ...drawing, toPath, pieces, people, signal },
    onProgress: (done) => onProgress(done / seconds),
  });
}
