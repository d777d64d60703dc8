import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { clearDeadScratch, createScratch } from '../src/ergonomics/video-jobs/scratch.ts';

test('what killed workers left goes, what others still work in stays', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-scratch-'));
  vi.stubEnv('TMPDIR', folder);
  try {
    const ofNumber = path.basename(await createScratch());
    const machine = ofNumber.slice(`spillway-video-${process.pid}-`.length).replace(/-\w+$/, '');
    const stays = [
      `spillway-video-${process.ppid}-${machine}-living`,
      // A container with the same numbers on a shared disk.
      `spillway-video-${process.pid}-other${machine}-aaaaaa`,
      'spillway-video-job-bbbbbb',
    ];
    const goes = [ofNumber, `spillway-video-4194399-${machine}-cccccc`];
    for (const name of [...stays, goes[1] ?? '']) {
      await mkdir(path.join(folder, name));
      await writeFile(path.join(folder, name, 'video.mp4'), 'video');
    }
    await clearDeadScratch();
    expect((await readdir(folder)).toSorted()).toEqual(stays.toSorted());
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  }
});
