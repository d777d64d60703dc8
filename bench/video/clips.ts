import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '..', '..', '.cache', 'video');

/**
 * A clip of 1280 x 720 at 30 a second, H.264 with B frames as phones and cameras make it (2 Mbit/s and a little noise),
 * made once and kept; `small` ones have a quarter of the bits. Long ones are a short one over and over.
 */
export function makeClip(seconds: number, kind: 'noisy' | 'small' = 'noisy'): string {
  const file = path.join(FOLDER, `720p-${kind}-${seconds}s.mp4`);
  if (existsSync(file)) return file;
  mkdirSync(FOLDER, { recursive: true });
  const unfinished = path.join(FOLDER, `unfinished-${process.pid}.mp4`);
  if (seconds > SHORT_S) {
    const again = ['-stream_loop', String(Math.ceil(seconds / SHORT_S) - 1), '-i', makeClip(SHORT_S, kind)];
    run([...again, '-t', String(seconds), '-c', 'copy', unfinished]);
  } else {
    const picture = `testsrc2=size=1280x720:rate=30:duration=${seconds}${kind === 'noisy' ? ',noise=alls=3:allf=t' : ''}`;
    const quality = kind === 'noisy' ? '25' : '32';
    const coding = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', quality, '-pix_fmt', 'yuv420p'];
    run(['-f', 'lavfi', '-i', picture, ...coding, unfinished]);
  }
  renameSync(unfinished, file);
  return file;
}

const SHORT_S = 20;

function run(args: readonly string[]): void {
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
