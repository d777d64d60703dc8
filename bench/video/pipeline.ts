import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { WORKER_NODE_FLAGS } from '@spillway/workers';
import { HD, loopVideo, writeVideo } from '../../packages/workers/test/mannequin/video.ts';
import type { BenchResult } from '../bench-result.ts';

const RUNNER = path.join(import.meta.dirname, 'pipeline-run.ts');
const FOLDER = path.join(import.meta.dirname, '..', '..', '.cache', 'video');

/** The whole ergonomics worker on a drawn person, with demo models, against the video's own time. */
export async function benchPipeline(isQuick: boolean): Promise<BenchResult> {
  const seconds = isQuick ? 120 : 600;
  const video = await makeMannequin(seconds);
  const drawn = run(video, 'medium', true);
  const plain = run(video, 'medium', false);
  const ratio = ({ ms }: Run) => round(seconds / (ms / 1000));
  const row = (what: string, one: Run): [string, string] => [
    `${seconds} s of 720p at medium, ${what}`,
    `${ratio(one)} times real time (${round(one.ms / 1000)} s), ${describe(one)}`,
  ];
  return {
    ratios: { mediumVsRealTime: ratio(drawn), mediumVsRealTimeNoOverlay: ratio(plain) },
    figures: { mediumVideoSeconds: seconds, mediumRuns: { overlay: drawn, noOverlay: plain } },
    rows: [row('with overlay', drawn), row('without overlay', plain)],
  };
}

/**
 * Its greatest memory for videos of a minute, a quarter of an hour and an hour, results and all. An hour takes too long at
 * medium, so all are at low.
 */
export async function benchPipelineMemory(isQuick: boolean): Promise<BenchResult> {
  const lengths = isQuick ? [20, 60, 180] : [60, 900, 3600];
  const runs: (readonly [seconds: number, run: Run])[] = [];
  for (const seconds of lengths) runs.push([seconds, run(await makeMannequin(seconds), 'low', false)]);
  const of = (at: number) => {
    const { own = Number.NaN, ffmpeg = Number.NaN } = runs.at(at)?.[1] ?? {};
    return own + ffmpeg;
  };
  const memoryFlatness = round(of(0) / of(-1));
  return {
    ratios: { memoryFlatness },
    figures: { pipelineMemoryRuns: Object.fromEntries(runs.map(([seconds, one]) => [`${seconds}s`, one])) },
    rows: [
      ...runs.map(([seconds, one]): [string, string] => [
        `worker for ${seconds} s of video (low, without overlay)`,
        `${describe(one)}, in ${round(one.ms / 1000)} s`,
      ]),
      ['memoryFlatness', `${memoryFlatness} (the first to the last of these)`],
    ],
  };
}

interface Run {
  readonly ms: number;
  /** Greatest resident memory, bytes. */
  readonly own: number;
  readonly ffmpeg: number;
  /** How late the worker's event loop was at most. */
  readonly lateMs: number;
}

/** In a process of its own, whose peak is its own, started as a gateway and the image start workers. */
function run(video: string, quality: string, hasOverlay: boolean): Run {
  const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: '1000000' };
  const args = [...WORKER_NODE_FLAGS, RUNNER, video, quality, String(hasOverlay)];
  const printed = execFileSync(process.execPath, args, { encoding: 'utf8', env });
  return JSON.parse(printed) as Run;
}

/** A mannequin that lifts and bends, over and over; made once and kept. */
async function makeMannequin(seconds: number): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const scene = path.join(FOLDER, 'mannequin-720p.mp4');
  await makeOnce(scene, (file) => writeVideo(file, 'lifting', HD));
  const video = path.join(FOLDER, `mannequin-720p-${seconds}s.mp4`);
  await makeOnce(video, (file) => loopVideo(scene, file, seconds * 1000));
  return video;
}

async function makeOnce(file: string, make: (unfinished: string) => Promise<unknown>): Promise<void> {
  if (existsSync(file)) return;
  const unfinished = path.join(FOLDER, `unfinished-${process.pid}.mp4`);
  await make(unfinished);
  renameSync(unfinished, file);
}

const describe = ({ own, ffmpeg, lateMs }: Run) =>
  `${megabytes(own)} MB, and ${megabytes(ffmpeg)} MB in ffmpeg, event loop late by ${Math.round(lateMs)} ms at most`;
const megabytes = (bytes: number) => Math.round(bytes / 1e6);
const round = (value: number) => Math.round(value * 100) / 100;
