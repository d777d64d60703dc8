// A video job comes through the death of its worker: uploaded by a client, processed by a second job on the demo pose model,
// kill -9 in the middle, and another worker goes on behind the last finished segment; the status is true all the time.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@spillway/sdk/client';
import { analyseVideo } from '@spillway/sdk/ergonomics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filmScene } from '../../packages/workers/test/mannequin/film.ts';
import { SCENES } from '../../packages/workers/test/mannequin/scenes.ts';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';

const FIXTURE = join(import.meta.dirname, '../../packages/workers/test/fixtures/official-rf-detr.onnx');
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');

const SIZE = { widthPx: 320, heightPx: 240, framesPerSecond: 5 };

/** A drawn worker in the upper left quarter, which is where the detector of the test finds people. */
function writeVideo(file: string, seconds: number): void {
  const frames: Buffer[] = [];
  const film = filmScene(SCENES.lifting, { ...SIZE, durationMs: Math.min(seconds, 6) * 1000 });
  for (const { rgb } of film) frames.push(Buffer.from(rgb));
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', '320x240', '-r', '5', '-i', '-'];
  const code = [
    '-vf',
    'pad=640:480:0:0',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '5',
    '-bf',
    '0',
  ];
  const part = `${file}.part.mp4`;
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, ...code, part], { input: Buffer.concat(frames) });
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-y',
    '-stream_loop',
    '-1',
    '-i',
    part,
    '-t',
    String(seconds),
    '-c',
    'copy',
    file,
  ]);
}

/** Says of every picture that a person is in its upper left quarter. */
function writeDetector(folder: string): string {
  const bytes = readFileSync(FIXTURE);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const place = join(folder, 'quarter');
  mkdirSync(join(place, 'onnx'), { recursive: true });
  writeFileSync(join(place, 'onnx/model.onnx'), bytes);
  const labels = { 0: 'ball', 1: 'person', 2: 'chair' };
  const card = {
    ...{
      id: 'quarter',
      contract: 'rf-detr',
      variant: 'tiny',
      demo: true,
      licence: 'MIT',
      source: 'test',
      labels,
    },
    files: { 'onnx/model.onnx': { sha256, bytes: bytes.length } },
    roles: { model: 'onnx/model.onnx' },
  };
  writeFileSync(join(place, 'model.json'), JSON.stringify(card));
  return place;
}

let folder: ReturnType<typeof makeFolder>;
let gateway: GatewayProcess;
beforeEach(async () => {
  folder = makeFolder('', {});
  const yaml = `endpoints:
  ergonomics:
    worker: ergonomics
    workers: { max: 1 }
    env:
      PERSON_DETECTOR: ${writeDetector(folder.path)}
      VIDEO_SEGMENT_S: '5'
      ONNX_THREADS: '1'
`;
  writeFileSync(join(folder.path, 'endpoints.yaml'), yaml);
  gateway = await spawnGateway(folder.path);
});
afterEach(async () => {
  await gateway.stop();
  folder.remove();
});

describe.skipIf(!hasFfmpeg)('a video', () => {
  it('is processed to the end though its worker is killed in the middle', async () => {
    const file = join(folder.path, 'lifting.mp4');
    writeVideo(file, 60);
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
    // Nothing that was finished is done again.
    const after = seen.slice(atKill).flatMap(({ done }) => done ?? []);
    expect(Math.min(...after)).toBeGreaterThanOrEqual(4);
    expect(after.length).toBeGreaterThan(0);
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
});
