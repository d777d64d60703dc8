// A video job comes through the death of its worker: uploaded by a client, processed by a second job on the demo models,
// kill -9 in the middle, and another worker goes on behind the last finished segment; the status is true all the time.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createClient } from '@spillway/sdk/client';
import { analyseVideo } from '@spillway/sdk/ergonomics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loopVideo, writeVideo } from '../../packages/workers/test/mannequin/video.ts';
import { createGatedFfmpeg, type GatedFfmpeg } from '../harness/gated-ffmpeg.ts';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');

let folder: ReturnType<typeof makeFolder>;
let gateway: GatewayProcess;
let ffmpeg: GatedFfmpeg;
beforeEach(async () => {
  folder = makeFolder('', {});
  ffmpeg = createGatedFfmpeg(folder.path);
  const yaml = `endpoints:
  ergonomics:
    worker: ergonomics
    workers: { max: 1 }
    env:
      VIDEO_SEGMENT_S: '5'
      ONNX_THREADS: '1'
      FFMPEG_PATH: ${ffmpeg.path}
`;
  writeFileSync(join(folder.path, 'endpoints.yaml'), yaml);
  gateway = await spawnGateway(folder.path);
});
afterEach(async () => {
  await gateway.stop();
  folder.remove();
});

/** From where on each worker looked for people, in seconds, as its ffmpeg was asked for it. */
function readFrom(): readonly (readonly number[])[] {
  const workers = new Map<string, number[]>();
  for (const call of ffmpeg.calls().filter((one) => one.includes('select='))) {
    const [, worker = ''] = /spillway-video-(\d+)-/.exec(call) ?? [];
    // It begins a little earlier, and leaves out what is not its own.
    const [, from = '0'] = / -ss ([\d.]+)/.exec(call) ?? [];
    workers.set(worker, [...(workers.get(worker) ?? []), Math.round(Number(from))]);
  }
  return [...workers.values()];
}

describe.skipIf(!hasFfmpeg)('a video', () => {
  it('is processed to the end though its worker is killed in the middle', async () => {
    const file = join(folder.path, 'lifting.mp4');
    const short = join(folder.path, 'short.mp4');
    await writeVideo(short, 'lifting', {
      widthPx: 640,
      heightPx: 360,
      framesPerSecond: 10,
      durationMs: 6_000,
    });
    await loopVideo(short, file, 60_000);
    const bytes = readFileSync(file);
    const client = createClient({ baseUrl: `${gateway.url}/v2`, apiKey: ADMIN_KEY });
    const seen: { stage: string; percent: number; done?: number }[] = [];
    let killed = 0;
    const source = {
      ...{ name: 'lifting.mp4', sizeBytes: bytes.length },
      slice: (from: number, to: number) => bytes.subarray(from, to),
    };
    const analysing = analyseVideo(client, source, {
      ...{ quality: 'low', title: 'Lifting' },
      onProgress({ stage, percent, segments }) {
        seen.push({ stage, percent, ...(segments ? { done: segments.done } : {}) });
      },
    });
    const isHalfWay = async () => seen.some(({ done = 0 }) => done >= 4);
    await Promise.race([until(isHalfWay), analysing]);
    const atKill = seen.length;
    for (const pid of await gateway.workerPids()) {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    }
    const [name = ''] = readdirSync(join(folder.path, 'data/artifacts/objects/status')).filter((one) =>
      one.startsWith('job_'),
    );
    const jobId = name.replace(/^job_|\.json$/g, '');
    const asked = await client.endpoint('ergonomics').runSync({ action: 'get_status', job_id: jobId });
    expect(['processing', 'completed']).toContain(
      (asked.output as { job_status: { status: string } }).job_status.status,
    );
    const video = await analysing;
    expect(killed).toBe(1);
    // Nor is it decoded again.
    const [first = [], second = []] = readFrom();
    expect([first, second.length]).toEqual([[0], 1]);
    expect(second[0]).toBeGreaterThanOrEqual(5 * 4);
    // Nothing that was finished is done again.
    const after = seen.slice(atKill).flatMap(({ done }) => done ?? []);
    expect(Math.min(...after)).toBeGreaterThanOrEqual(4);
    const kinds = new Set(video.files.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(
      ['csv', 'html', 'json', 'npz', 'pdf', 'picture', 'pkl', 'video', 'xlsx'].toSorted(),
    );
    const json = video.files.find(({ kind }) => kind === 'json');
    const result = (await (await fetch(await video.urlOf(json as never))).json()) as {
      title: string;
      samples: { t: number[]; rula: (number | null)[] };
    };
    expect(result.title).toBe('Lifting');
    expect(result.samples.t).toHaveLength(60 * 3);
    expect(result.samples.t).toEqual(result.samples.t.toSorted((a, b) => a - b));
    expect(result.samples.rula.filter((one) => one !== null).length).toBeGreaterThan(150);
    // Neither segments nor parts are left, and the video with skeletons plays.
    const status = join(folder.path, 'data/artifacts/objects/status');
    const kept = readdirSync(status, { recursive: true }).filter((one) => String(one).includes('segment'));
    expect(kept).toEqual([]);
    const overlay = video.files.find(({ kind }) => kind === 'video');
    const drawn = join(folder.path, 'overlay.mp4');
    writeFileSync(drawn, Buffer.from(await (await fetch(await video.urlOf(overlay as never))).arrayBuffer()));
    const probed = execFileSync('ffprobe', [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name',
      '-of',
      'csv=p=0',
      drawn,
    ]);
    expect(String(probed).trim()).toBe('h264');
  });

  it('is run by one command, which writes its results into a folder, or says in a sentence why not', async () => {
    const file = join(folder.path, 'lifting.mp4');
    await writeVideo(file, 'lifting', {
      widthPx: 640,
      heightPx: 360,
      framesPerSecond: 10,
      durationMs: 4_000,
    });
    const cli = join(import.meta.dirname, '../../packages/cli/bin/spillway.mjs');
    const env = { ...process.env, SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: ADMIN_KEY };
    async function run(args: string[], onSaid: (text: string) => void = () => {}) {
      const child = spawn(process.execPath, [cli, 'run', 'ergonomics', ...args], { env });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (piece: string) => {
        stderr += piece;
        onSaid(stderr);
      });
      return { stdout: await text(child.stdout), code: await ended, stderr };
    }
    const out = join(folder.path, 'out');
    // It stays at what it is shown to do, until that was shown.
    ffmpeg.shut();
    let isShown = false;
    const done = await run([file, '--out', out, '--with', '{"quality":"low"}'], (said) => {
      if (isShown || !said.includes('lifting.mp4: looking for postures')) return;
      isShown = true;
      ffmpeg.open();
    });
    expect(done).toMatchObject({ code: 0 });
    expect(isShown).toBe(true);
    expect(readdirSync(join(out, 'lifting'))).toEqual(
      expect.arrayContaining(['ergonomics.csv', 'ergonomics.pdf', 'ergonomics.pkl', 'overlay.mp4']),
    );
    const fake = join(folder.path, 'fake.mp4');
    writeFileSync(fake, 'no video at all');
    const failed = await run([fake]);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('The file is not a video') });
  });
});
