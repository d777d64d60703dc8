import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { runHandler } from '@spillway/sdk/worker';
import { WORKERS } from '@spillway/workers';

/**
 * Has the ergonomics worker process one video with what it finds of its own models, and prints how long that took, the
 * greatest resident memory of this process and of its ffmpegs, in bytes, and how late its event loop was at most.
 */
const [video = '', quality = 'medium', overlay = 'true'] = process.argv.slice(2);
const folder = await mkdtemp(path.join(tmpdir(), 'spillway-bench-video-'));
const env = { PATH: process.env.PATH, STORAGE_DIR: folder };
const worker = await WORKERS.ergonomics?.start({ env, warn() {} });
if (!worker) throw new Error('there is no ergonomics worker');

async function act(input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { status, output, error } = await runHandler(worker?.handler as never, input);
  const reply = output as Record<string, unknown> | undefined;
  if (status !== 'COMPLETED' || reply?.status !== 'success')
    throw new Error(`the job is ${status}: ${error ?? reply?.error}`);
  return reply;
}

let ffmpeg = 0;
const look = setInterval(() => {
  const now = ffmpegsOf(process.pid).reduce((sum, pid) => sum + bytesOf('VmRSS', pid), 0);
  ffmpeg = Math.max(ffmpeg, now);
}, 250);
try {
  const { upload_url: url, video_key } = await act({ action: 'generate_upload_url', filename: 'bench.mp4' });
  const file = fileURLToPath(String(url));
  await mkdir(path.dirname(file), { recursive: true });
  await copyFile(video, file);
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  const startedAt = performance.now();
  await act({ video_key, quality, overlay: overlay === 'true' });
  const ms = performance.now() - startedAt;
  delays.disable();
  const own = bytesOf('VmHWM', 'self');
  process.stdout.write(JSON.stringify({ ms, own, ffmpeg, lateMs: delays.max / 1e6 }));
} finally {
  clearInterval(look);
  await worker.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Resident memory as it is now, or was at most. */
function bytesOf(field: 'VmRSS' | 'VmHWM', pid: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status(pid))?.[1] ?? 0) * 1024;
}

/** Without those that are only being started, which are as large as this process until they become another. */
function ffmpegsOf(parent: number): string[] {
  const isOne = (text: string) => /^Name:\s+ffmpeg$/m.test(text) && text.includes(`\nPPid:\t${parent}\n`);
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOne(status(name)));
}

function status(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
