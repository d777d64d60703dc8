import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type DecodeOptions, decodeFrames } from '@spillway/workers/video';
import type { BenchResult } from '../bench-result.ts';
import { median } from '../figures.ts';
import { measureUndisturbed } from '../inference/undisturbed.ts';
import { makeClip } from './clips.ts';

/**
 * Decoding to frames that a model can take, from the call to the last frame, everything included (asking what the video
 * is, starting ffmpeg), against ffmpeg alone with the plain command for the same pixels, whose pipe `cat` reads and throws
 * away. Both sides take turns.
 */
interface DecodeCase {
  readonly name: string;
  readonly options: DecodeOptions;
  /** The filters that a user of ffmpeg would write for it. */
  readonly filters: string;
}

const CASES: readonly DecodeCase[] = [
  {
    name: 'every frame, 640 x 640 RGB',
    options: { widthPx: 640, heightPx: 640, pixels: 'rgb24' },
    filters: 'scale=640:640:flags=bilinear:in_color_matrix=bt709',
  },
  {
    name: '10 samples a second, 640 x 360 RGB',
    options: { maxSidePx: 640, samplesPerSecond: 10, pixels: 'rgb24' },
    filters: "select='not(mod(n\\,3))',scale=640:360:flags=bilinear:in_color_matrix=bt709",
  },
  {
    name: 'every frame as it is, YUV 4:2:0',
    options: { pixels: 'yuv420p' },
    filters: 'null',
  },
];

/** Odd, so that one of them is the median. */
const ROUNDS = 5;

/** Milliseconds. */
interface Turn {
  readonly ours: number;
  readonly theirs: number;
}

export async function benchDecode(isQuick: boolean): Promise<BenchResult> {
  const seconds = isQuick ? 10 : 60;
  const clip = makeClip(seconds);
  const rounds = isQuick ? 1 : ROUNDS;
  const rows: [string, string][] = [];
  const figures: Record<string, unknown> = {};
  const ratios: number[] = [];
  for (const { name, options, filters } of CASES) {
    const { pixels } = options;
    const isSame = (await hashOurs(clip, options)) === (await hashFfmpeg(clip, filters, pixels));
    if (!isSame) throw new Error(`${name}: our pixels are not those of ffmpeg`);
    const turns: Turn[] = [];
    let othersShare = 0;
    for (let round = 0; round < rounds; round++) {
      const { value, othersShare: share } = await measureUndisturbed([], async () => {
        const sides: Record<keyof Turn, () => Promise<void>> = {
          ours: () => readOurs(clip, options),
          theirs: () => runFfmpeg(clip, filters, pixels),
        };
        // Nobody always comes first.
        const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
        const turn = { ours: 0, theirs: 0 };
        for (const side of order) turn[side] = await timeOf(sides[side]);
        return turn;
      });
      turns.push(value);
      othersShare = Math.max(othersShare, share);
    }
    // Of each turn by itself: between turns the machine may become faster or slower.
    const ratio = median(turns.map(({ ours, theirs }) => theirs / ours));
    ratios.push(ratio);
    const speed = (side: keyof Turn) =>
      Math.round((seconds * 1000) / median(turns.map((turn) => turn[side])));
    const timesRealTime = { ours: speed('ours'), ffmpeg: speed('theirs') };
    figures[name] = { ratio: round3(ratio), timesRealTime };
    const others =
      othersShare > 0.04 ? `; others took ${Math.round(othersShare * 100)} % of the processors` : '';
    rows.push([
      name,
      `${ratio.toFixed(3)} of ffmpeg alone (${timesRealTime.ours} and ${timesRealTime.ffmpeg} times real time, ${rounds} rounds${others})`,
    ]);
  }
  return {
    ratios: { decodeVsFfmpeg: round3(Math.min(...ratios)) },
    figures: { decode: figures, clipSeconds: seconds },
    rows: [...rows, ['decodeVsFfmpeg', `${Math.min(...ratios).toFixed(3)} (the least of these)`]],
  };
}

async function readOurs(
  clip: string,
  options: DecodeOptions,
  onFrame?: (data: Uint8Array) => void,
): Promise<void> {
  for await (const { data } of decodeFrames(clip, options)) onFrame?.(data);
}

async function hashOurs(clip: string, options: DecodeOptions): Promise<string> {
  const hash = createHash('md5');
  await readOurs(clip, options, (data) => hash.update(data));
  return hash.digest('hex');
}

function startFfmpeg(clip: string, filters: string, pixels: string) {
  const input = ['-v', 'error', '-nostdin', '-i', clip, '-vf', filters, '-vsync', 'passthrough'];
  return spawn('ffmpeg', [...input, '-f', 'rawvideo', '-pix_fmt', pixels, 'pipe:1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

async function hashFfmpeg(clip: string, filters: string, pixels: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of startFfmpeg(clip, filters, pixels).stdout) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The shell makes the pipe, as a user's would be. */
async function runFfmpeg(clip: string, filters: string, pixels: string): Promise<void> {
  const command = `ffmpeg -v error -nostdin -i "$0" -vf "$1" -vsync passthrough -f rawvideo -pix_fmt ${pixels} pipe:1 | cat > /dev/null`;
  const child = spawn('sh', ['-c', command, clip, filters], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
