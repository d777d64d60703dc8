import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeFrames, type VideoFrame } from '@spillway/workers/video';

// Test videos, made by ffmpeg's own sources, and what plain ffmpeg says of them. `npm test` installs ffmpeg where it can.

export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');

export function makeFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-video-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs ffmpeg; what it writes to stdout is the answer. */
export function ffmpeg(...args: string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { maxBuffer: 1e9 });
}

export const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

/** A moving test picture, where nothing else is asked for 3 seconds of 320 x 180 at 30 a second, with key frames each second. */
export function makeVideo(
  file: string,
  { size = '320x180', rate = '30', seconds = 3, args = [] as string[] } = {},
): string {
  const source = `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`;
  ffmpeg('-f', 'lavfi', '-i', source, ...X264, '-bf', '2', '-g', '30', ...args, file);
  return file;
}

/** Presentation times of the first video stream's packets in the file's own clock, in order, in milliseconds. */
export function packetTimes(file: string): number[] {
  const entries = ['-show_entries', 'packet=pts_time', '-of', 'csv=p=0'];
  const printed = execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v:0', ...entries, file], {
    encoding: 'utf8',
  });
  return printed
    .split('\n')
    .map((line) => Number.parseFloat(line) * 1000)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
}

/** Writes another display matrix (a b c d of the picture's axes) into the first video track of an MP4. */
export function turnVideo(from: string, to: string, [a, b, c, d]: readonly number[]): string {
  const bytes = readFileSync(from);
  // Behind the name: version and flags, times, ids, layer, volume; then the matrix, in 16.16 fixed point.
  const at = bytes.indexOf('tkhd') + 4 + 40;
  [a, b, 0, c, d, 0].forEach((value = 0, index) => {
    bytes.writeInt32BE(value * 65_536, at + 4 * index);
  });
  writeFileSync(to, bytes);
  return to;
}

export interface KeptFrame extends Omit<VideoFrame, 'data'> {
  readonly data: Uint8Array;
}

/** All frames, copied. */
export async function collect(
  source: string,
  options: Partial<Parameters<typeof decodeFrames>[1]> = {},
): Promise<KeptFrame[]> {
  const frames: KeptFrame[] = [];
  for await (const frame of decodeFrames(source, { pixels: 'rgb24', ...options })) {
    frames.push({ ...frame, data: frame.data.slice() });
  }
  return frames;
}

export async function collectTimes(source: string, options = {}): Promise<number[]> {
  const frames = await collect(source, { widthPx: 16, heightPx: 16, ...options });
  return frames.map(({ timeMs }) => timeMs);
}
