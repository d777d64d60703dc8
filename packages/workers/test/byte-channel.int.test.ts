import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { openByteChannel } from '../src/video/ffmpeg/byte-channel.ts';

let folder = '';
afterEach(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

test.each([
  ['short', ''],
  ['too long for a socket', 'builds/'.repeat(20)],
])('frames come where the path of the temporary folder is %s', async (_, deeper) => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-channel-'));
  const temporary = path.join(folder, deeper);
  await mkdir(temporary, { recursive: true });
  vi.stubEnv('TMPDIR', temporary);

  const memory = Buffer.alloc(100);
  let got = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const accept = (count: number) => {
    got += count;
    return true;
  };
  const { theirs } = await openByteChannel({ room: () => memory.subarray(got), accept, end });
  theirs.end('a frame');
  await ended;
  expect(memory.toString('utf8', 0, got)).toBe('a frame');
  expect(await readdir(temporary)).toEqual([]);
});
