import { createReadStream } from 'node:fs';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { type EncodeOrigin, type EncodeSettings, joinArguments, pieceArguments } from './encode-plan.ts';
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
  const piece = `${path.resolve(options.toPath)}.ts`;
  try {
    const { frames: count } = await encodePiece(frames, { ...options, toPath: piece });
    return { frames: count, bytes: await joinPieces([piece], options) };
  } finally {
    await rm(piece, { force: true });
  }
}

/**
 * The same for a part of the frames, without sound: a file that is of use only to `joinPieces`. Without a frame it is empty.
 */
export async function encodePiece(
  frames: AsyncIterable<TimedFrame>,
  options: EncodeOptions,
): Promise<EncodedVideo> {
  const { widthPx, heightPx, toPath, origin, signal } = options;
  if (widthPx % 2 !== 0 || heightPx % 2 !== 0 || widthPx <= 0 || heightPx <= 0) {
    throw new RangeError(`videos have even sides, not ${widthPx} x ${heightPx}`);
  }
  const iterator = frames[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) {
    await writeFile(toPath, '');
    return { frames: 0, bytes: 0 };
  }
  const ffmpeg = options.ffmpeg ?? (await findFfmpeg());
  const unfinished = `${path.resolve(toPath)}.part`;
  const args = pieceArguments(unfinished, heightPx, origin?.video, options);
  return intoFile({ program: ffmpeg.ffmpeg, args, unfinished, toPath, signal }, async (child) => ({
    frames: await writeFrames(startingWith(first, iterator), child, options),
    source: unfinished,
  }));
}

/**
 * Makes one MP4 of pieces in their order; nothing is encoded again. Answers its size.
 * @throws VideoError, `NO_FRAMES` where all of them are empty; nothing is left at `toPath` then.
 */
export async function joinPieces(
  pieces: readonly string[],
  { toPath, origin, signal, ...options }: Pick<EncodeOptions, 'toPath' | 'origin' | 'signal' | 'ffmpeg'>,
): Promise<number> {
  const sizes = await Promise.all(pieces.map(async (piece) => (await stat(piece)).size));
  if (sizes.every((size) => size === 0)) throw noFrames();
  const ffmpeg = options.ffmpeg ?? (await findFfmpeg());
  const unfinished = `${path.resolve(toPath)}.part`;
  const args = joinArguments(unfinished, origin);
  const joined = await intoFile(
    { program: ffmpeg.ffmpeg, args, unfinished, toPath, signal },
    async (child) => {
      const stdin = stdinOf(child);
      let isOpen = true;
      for (const piece of pieces) {
        for await (const chunk of createReadStream(piece)) {
          signal?.throwIfAborted();
          isOpen = isOpen && (await write(stdin, chunk as Uint8Array));
          if (!isOpen) break;
        }
      }
      stdin.end();
      return { frames: 0, source: origin?.source ?? unfinished };
    },
  );
  return joined.bytes;
}

interface Writing {
  readonly program: string;
  readonly args: readonly string[];
  readonly unfinished: string;
  readonly toPath: string;
  readonly signal: AbortSignal | undefined;
}

/** Has ffmpeg make a file of what `feed` writes to it, which is at its place when it is whole. */
async function intoFile(
  { program, args, unfinished, toPath, signal }: Writing,
  feed: (child: Child) => Promise<{ readonly frames: number; readonly source: string }>,
): Promise<EncodedVideo> {
  const child = startChild(program, args, { signal, stdin: 'pipe' });
  child.stdout.resume();
  try {
    const { frames, source } = await feed(child);
    const { code } = await child.ended;
    signal?.throwIfAborted();
    if (code !== 0) throw explainFailure(child.stderr(), source);
    const { size } = await stat(unfinished);
    await rename(unfinished, toPath);
    return { frames, bytes: size };
  } finally {
    await child.stop();
    await rm(unfinished, { force: true });
  }
}

async function* startingWith<T>(
  first: IteratorYieldResult<T>,
  rest: AsyncIterator<T>,
): AsyncGenerator<T, void> {
  try {
    for (let next: IteratorResult<T> = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function stdinOf({ process }: Child): Writable {
  const stdin = process.stdin as Writable;
  // What went wrong is told by the write that it ends, or by ffmpeg itself.
  stdin.on('error', () => {});
  return stdin;
}

async function writeFrames(
  frames: AsyncIterable<TimedFrame>,
  child: Child,
  { widthPx, heightPx, origin, signal }: EncodeOptions,
): Promise<number> {
  const stdin = stdinOf(child);
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
