import path from 'node:path';
import {
  createYuvCanvas,
  decodeFrames,
  encodePiece,
  type Ffmpeg,
  joinPieces,
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
  /** Absent: all in one. */
  readonly pieces?: OverlayPieces | undefined;
  /** Width of the pictures that the poses are in. */
  readonly poseWidthPx: number;
  /** Longer side of the new video at most. */
  readonly maxSidePx?: number;
  readonly signal?: AbortSignal | undefined;
  readonly ffmpeg?: Ffmpeg | undefined;
  /** Seconds of the video that are done, after each frame. */
  readonly onProgress?: ((seconds: number) => void) | undefined;
}

/**
 * After each of these the drawing can be interrupted. They are encoded one by one and joined without encoding again, so
 * that whoever goes on draws only what is missing.
 */
export interface OverlayPieces {
  /** Milliseconds up to which each goes, rising; the last one takes the rest. */
  readonly endsMs: readonly number[];
  /** Where they lie, and go. */
  readonly folder: string;
  /** So many from the first one on are there. */
  readonly done: number;
  /** One is whole. */
  readonly onPiece: (at: number, file: string) => void;
}

const MOST_SIDE_PX = 1280;

export const pieceFile = (folder: string, at: number): string =>
  path.join(folder, `overlay_${String(at).padStart(5, '0')}.ts`);

/** @throws VideoError; of a source that is cut off, the frames before the cut are there. */
export async function writeOverlayVideo(options: OverlayVideoOptions): Promise<void> {
  const { source, video, toPath, signal, ffmpeg } = options;
  const whole = { endsMs: [Number.POSITIVE_INFINITY], folder: path.dirname(toPath), done: 0, onPiece() {} };
  const { endsMs, folder, done, onPiece } = options.pieces ?? whole;
  const origin = { source, video };
  const frames = await openFrames(options, endsMs[done - 1]);
  try {
    for (const [at, endMs] of endsMs.entries()) {
      if (at < done) continue;
      const toPiece = pieceFile(folder, at);
      const { widthPx, heightPx } = frames.size;
      await encodePiece(drawn(frames, at === endsMs.length - 1 ? Number.POSITIVE_INFINITY : endMs, options), {
        ...{ toPath: toPiece, widthPx, heightPx, origin, signal, ffmpeg },
      });
      onPiece(at, toPiece);
    }
  } finally {
    await frames.close();
  }
  const files = endsMs.map((_, at) => pieceFile(folder, at));
  await joinPieces(files, { toPath, origin, signal, ffmpeg });
}

/** The frames of the source from a time on, one at a time. */
interface Frames {
  /** Undefined behind the last one. */
  readonly current: VideoFrame | undefined;
  /** Without a frame it doesn't matter: writing then says what is wrong. */
  readonly size: { readonly widthPx: number; readonly heightPx: number };
  next(): Promise<void>;
  close(): Promise<void>;
}

async function openFrames(
  { source, video, maxSidePx = MOST_SIDE_PX, signal, ffmpeg }: OverlayVideoOptions,
  fromMs: number | undefined,
): Promise<Frames> {
  const from = fromMs === undefined ? {} : { fromMs };
  const request = { maxSidePx, pixels: 'yuv420p', video, signal, ffmpeg, onDamage() {}, ...from } as const;
  const frames = decodeFrames(source, request)[Symbol.asyncIterator]();
  let result = await frames.next();
  const current = () => (result.done ? undefined : result.value);
  return {
    get current() {
      return current();
    },
    size: current() ?? { widthPx: 2, heightPx: 2 },
    async next() {
      result = await frames.next();
    },
    async close() {
      await frames.return?.();
    },
  };
}

/** Those before a time. */
async function* drawn(
  frames: Frames,
  endMs: number,
  { people, poseWidthPx, video, onProgress }: OverlayVideoOptions,
): AsyncGenerator<TimedFrame> {
  const overlay = createOverlay({ ...frames.size, poseWidthPx });
  const matrix = matrixOf(video);
  for (let frame = frames.current; frame && frame.timeMs < endMs; frame = frames.current) {
    const { data, timeMs } = frame;
    const t = timeMs / 1000;
    const canvas = createYuvCanvas({ ...frames.size, data }, matrix);
    overlay.draw(canvas, { t, people: people.map((personAt) => personAt(t)) });
    yield { timeMs, data };
    onProgress?.(t);
    await frames.next();
  }
}
