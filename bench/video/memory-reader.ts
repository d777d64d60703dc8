import { readdirSync, readFileSync } from 'node:fs';
import { decodeFrames } from '@spillway/workers/video';

/** Reads a video as a pose worker does and prints how much memory this process and its ffmpeg held at most, in bytes. */
const [clip = ''] = process.argv.slice(2);
let ffmpeg = 0;
for await (const { index } of decodeFrames(clip, { maxSidePx: 640, samplesPerSecond: 10, pixels: 'rgb24' })) {
  if (index % 50 === 0) ffmpeg = Math.max(ffmpeg, peakOfChildren());
}
process.stdout.write(JSON.stringify({ reader: peakOf('self'), ffmpeg }));

function peakOfChildren(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === process.pid);
  return pids.reduce((sum, pid) => sum + peakOf(pid), 0);
}

function peakOf(pid: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status(pid))?.[1] ?? 0) * 1024;
}

function parentOf(pid: string): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(status(pid))?.[1]);
}

function status(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
