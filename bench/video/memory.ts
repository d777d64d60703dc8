import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { BenchResult } from '../bench-result.ts';
import { makeClip } from './clips.ts';

const READER = path.join(import.meta.dirname, 'memory-reader.ts');

/** How much memory a reader and its ffmpeg take at most for a short video and for a long one. */
export function benchMemory(isQuick: boolean): BenchResult {
  const [shortS, longS] = isQuick ? [20, 60] : [60, 3600];
  const short = read(shortS);
  const long = read(longS);
  const growth = (long.reader + long.ffmpeg) / (short.reader + short.ffmpeg);
  const row = (seconds: number, { reader, ffmpeg }: Peak): [string, string] => [
    `memory for ${seconds} s of video`,
    `${megabytes(reader)} MB, and ${megabytes(ffmpeg)} MB in ffmpeg`,
  ];
  return {
    ratios: { memoryFlat: Math.round((1 / growth) * 100) / 100 },
    figures: {
      peakMegabytes: {
        [`${shortS}s`]: { reader: megabytes(short.reader), ffmpeg: megabytes(short.ffmpeg) },
        [`${longS}s`]: { reader: megabytes(long.reader), ffmpeg: megabytes(long.ffmpeg) },
      },
    },
    rows: [row(shortS, short), row(longS, long)],
  };
}

interface Peak {
  readonly reader: number;
  readonly ffmpeg: number;
}

/** In a process of its own, whose peak is its own. */
function read(seconds: number): Peak {
  const printed = execFileSync(process.execPath, [READER, makeClip(seconds, 'small')], { encoding: 'utf8' });
  return JSON.parse(printed) as Peak;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
