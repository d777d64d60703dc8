import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { type EncodeOrigin, type EncodeSettings, encodeArguments } from './encode-plan.ts';
import { type Child, startChild } from './ffmpeg/child.ts';
import { explainFailure } from './ffmpeg/explain-failure.ts';
import { type Ffmpeg, findFfmpeg } from './ffmpeg/find-ffmpeg.ts';
import { noFrames } from './probe-answer.ts';
import { createRawMatroska } from './raw-matroska.ts';

export interface EncodeOptions extends EncodeSettings {
  /** The MP4 to be made. It appears there when it is whole. */
  readonly toPath: string;
  /** Of the frames; both even. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly origin?: EncodeOrigin | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly ffmpeg?: Ffmpeg | undefined;
}

/** A frame in `yuv420p` and when it is shown; times rise. Its bytes have been read when the next one is asked for. */
export interface TimedFrame {
  readonly timeMs: number;
  readonly data: Uint8Array;
}

export interface EncodedVideo {
  readonly frames: number;
  readonly bytes: number;
}

/**
 * Writes frames as an H.264 MP4 (8-bit 4:2:0, index first) that browsers play, each at its own time, with the sound of
 * the video that they come from.
 * @throws VideoError, and what `frames` throws; nothing is left at `toPath` then.
 */
export async function encodeVideo(
  frames: AsyncIterable<TimedFrame>,
  options: EncodeOptions,
): Promise<EncodedVideo> {
  const { widthPx, heightPx, toPath, origin, signal } = options;
  if (widthPx % 2 !== 0 || heightPx % 2 !== 0 || widthPx <= 0 || heightPx <= 0) {
    throw new RangeError(`videos have even sides, not ${widthPx} x ${heightPx}`);
  }
  const ffmpeg = options.ffmpeg ?? (await findFfmpeg());
  const unfinished = `${path.resolve(toPath)}.part`;
  const args = encodeArguments(unfinished, heightPx, origin, options);
  const child = startChild(ffmpeg.ffmpeg, args, { signal, stdin: 'pipe' });
  child.stdout.resume();
  try {
    const count = await writeFrames(frames, child, options);
    const { code } = await child.ended;
    signal?.throwIfAborted();
    if (count === 0) throw noFrames();
    if (code !== 0) throw explainFailure(child.stderr(), origin?.source ?? unfinished);
    const { size } = await stat(unfinished);
    await rename(unfinished, toPath);
    return { frames: count, bytes: size };
  } finally {
    await child.stop();
    await rm(unfinished, { force: true });
  }
}

async function writeFrames(
  frames: AsyncIterable<TimedFrame>,
  child: Child,
  { widthPx, heightPx, origin, signal }: EncodeOptions,
): Promise<number> {
  const stdin = child.process.stdin as Writable;
  // What went wrong is told by the write that it ends, or by ffmpeg itself.
  stdin.on('error', () => {});
  const container = createRawMatroska(widthPx, heightPx, origin?.video.frameRate ?? 0);
  const frameBytes = (widthPx * heightPx * 3) / 2;
  let isOpen = await write(stdin, container.opening);
  let count = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  for await (const { timeMs, data } of frames) {
    signal?.throwIfAborted();
    if (data.length !== frameBytes) {
      throw new RangeError(`frame ${count} has ${data.length} bytes; yuv420p of this size has ${frameBytes}`);
    }
    if (timeMs <= lastMs || timeMs < 0) {
      throw new RangeError(`frame ${count} is at ${timeMs} ms, not after the one before it at ${lastMs} ms`);
    }
    lastMs = timeMs;
    isOpen = (await write(stdin, container.frameOpening(timeMs))) && (await write(stdin, data));
    if (!isOpen) break;
    count++;
  }
  stdin.end();
  return count;
}

/** Resolves when the bytes are with the system, which is when their buffer may be used again; false when ffmpeg is gone. */
function write(stdin: Writable, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    stdin.write(bytes, (error) => resolve(!error));
  });
}
