import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { builtInWorkers } from '@spillway/workers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCli } from './start-cli.ts';
import { type StorageGateway, startStorageGateway } from './storage-gateway.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');

// `spillway run` with a video whose worker takes shorter ones only. No worker is there: none is needed for that.
describe.skipIf(!hasFfmpeg)('run with a video that is too long', () => {
  let gateway: StorageGateway;
  const run = (env: Readonly<Record<string, string>> = {}) =>
    startCli(['run', 'ergonomics', 'long.mp4'], {
      cwd: gateway.cwd,
      env: { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: gateway.key, ...env },
    });
  beforeAll(async () => {
    gateway = await startStorageGateway(
      'endpoints: {ergonomics: {worker: ergonomics, backends: [pool], env: {VIDEO_MAX_HOURS: "0.001"}}}\n',
      {},
      builtInWorkers,
    );
    const picture = ['-f', 'lavfi', '-i', 'color=size=64x64:rate=2:duration=5'];
    execFileSync('ffmpeg', ['-v', 'error', ...picture, path.join(gateway.cwd, 'long.mp4')]);
  });
  afterAll(() => gateway.stop());

  test('is told both lengths before a byte is sent', async () => {
    const { code, stderr } = await run().ended;
    expect(code).toBe(1);
    expect(stderr).toContain('take videos of at most 0:00:03 hours, this lasts 0:00:05');
    const headers = { authorization: `Bearer ${gateway.key}` };
    expect(await (await fetch(`${gateway.url}/v1/artifacts`, { headers })).json()).toEqual({ artifacts: [] });
  });

  test('goes on where this machine has no ffprobe: its worker looks', async () => {
    const { printed, child, ended } = run({ FFPROBE_PATH: '/nowhere/ffprobe' });
    await printed('long.mp4: uploading');
    child.kill('SIGKILL');
    await ended;
  });
});
