import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { type FilmOptions, filmScene } from './film.ts';
import { SCENES, type SceneName } from './scenes.ts';
import type { PersonTruth } from './truth.ts';

/** Scenes as H.264 files, with what is true of each of their frames beside them. Needs `ffmpeg` on the path. */
export interface VideoTruth {
  readonly scene: SceneName;
  readonly layout: 'coco17';
  readonly width_px: number;
  readonly height_px: number;
  readonly frames_per_second: number;
  /** After it a longer video begins anew. */
  readonly frame_count: number;
  readonly frames: readonly TruthFrame[];
}

export interface TruthFrame {
  /** Seconds. */
  readonly t: number;
  readonly people: readonly PersonTruth[];
}

export interface VideoOptions extends FilmOptions {
  /** x264's quality: lower is better and larger. */
  readonly crf?: number | undefined;
}

export const HD: VideoOptions = { widthPx: 1280, heightPx: 720, framesPerSecond: 25 };
export const SD: VideoOptions = { widthPx: 854, heightPx: 480, framesPerSecond: 25 };

/** @throws Error with what ffmpeg said. */
export async function writeVideo(file: string, name: SceneName, options: VideoOptions): Promise<VideoTruth> {
  const { widthPx, heightPx, framesPerSecond, crf = 23 } = options;
  const from = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${widthPx}x${heightPx}`,
    '-r',
    `${framesPerSecond}`,
  ];
  // What is not told as BT.709 is shown in other colours by browsers than by ffmpeg.
  const colours = ['-vf', 'scale=out_color_matrix=bt709:out_range=tv', '-pix_fmt', 'yuv420p'];
  const tags = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
  // Without frames that point ahead copies can be joined to longer videos.
  const code = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    `${crf}`,
    '-bf',
    '0',
    '-movflags',
    '+faststart',
  ];
  const ffmpeg = startFfmpeg([...from, '-i', '-', ...colours, ...tags, ...code, file]);
  const frames: TruthFrame[] = [];
  for (const { timeMs, rgb, people } of filmScene(SCENES[name], options)) {
    frames.push({ t: timeMs / 1000, people });
    // The canvas is drawn on again before the pipe has taken it.
    if (!ffmpeg.stdin.write(Buffer.from(rgb)))
      await Promise.race([once(ffmpeg.stdin, 'drain'), ffmpeg.ended]);
  }
  ffmpeg.stdin.end();
  await finished(ffmpeg.stdin).catch(() => undefined);
  await ffmpeg.ended;
  const size = { width_px: widthPx, height_px: heightPx, frames_per_second: framesPerSecond };
  return { scene: name, layout: 'coco17', ...size, frame_count: frames.length, frames };
}

/** Repeats a video until it is this long, without drawing or encoding again. */
export async function loopVideo(source: string, file: string, durationMs: number): Promise<void> {
  const ffmpeg = startFfmpeg([
    '-stream_loop',
    '-1',
    '-i',
    source,
    '-t',
    `${durationMs / 1000}`,
    '-c',
    'copy',
    file,
  ]);
  ffmpeg.stdin.end();
  await ffmpeg.ended;
}

/** One line a frame, so that differences can be read. */
export async function writeTruth(file: string, { frames, ...truth }: VideoTruth): Promise<void> {
  const head = JSON.stringify(truth).slice(0, -1);
  await writeFile(
    file,
    `${head},"frames":[\n${frames.map((frame) => JSON.stringify(frame)).join(',\n')}\n]}\n`,
  );
}

function startFfmpeg(options: readonly string[]) {
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...options], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  // Whoever writes to a program that has ended learns of it by how it ended.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`ffmpeg can't be started: ${error.message}.`)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`ffmpeg ended with ${code}: ${said.trim()}`));
    });
  });
  ended.catch(() => undefined);
  return { stdin: child.stdin, ended };
}
