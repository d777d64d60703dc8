// Whatever is sent as a video ends as a report or as one sentence, by the API alone and on the demo models: the status says
// `failed` with the reason, its job says the same, and nothing of it is left on the machine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SceneName } from '../../packages/workers/test/mannequin/scenes.ts';
import { type VideoTruth, writeVideo } from '../../packages/workers/test/mannequin/video.ts';
import { FFMPEG, findProgram } from '../../tools/system-programs.ts';
import { type GatewayProcess, makeFolder, spawnGateway } from '../harness/gateway-process.ts';
import {
  createVideoCaller,
  expectNothingLeft,
  type VideoSamples,
  type VideoStatus,
} from '../harness/video-jobs.ts';

const hasFfmpeg = findProgram(FFMPEG) !== undefined;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');

const HOUR_MS = 3_600_000;
const CLOCK = new URL('../harness/shifting-clock.ts', import.meta.url).href;
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const ENDPOINT = `    worker: ergonomics
    env: { VIDEO_SEGMENT_S: '5', ONNX_THREADS: '1' }
`;

describe.skipIf(!hasFfmpeg)('a video job', () => {
  let folder: ReturnType<typeof makeFolder>;
  let temporary: string;
  let gateway: GatewayProcess | undefined;
  const video = createVideoCaller(() => gateway as GatewayProcess);
  beforeAll(async () => {
    folder = makeFolder(`endpoints:\n  ergonomics:\n${ENDPOINT}  other:\n${ENDPOINT}`, {});
    temporary = join(folder.path, 'tmp');
    mkdirSync(temporary);
    await start(0);
  });
  afterAll(async () => {
    await gateway?.stop();
    folder?.remove();
  });

  afterEach(() => expectNothingLeft(folder.path, temporary));

  const at = (name: string) => join(folder.path, name);
  /** At another hour than now. */
  async function start(offMs: number): Promise<void> {
    const port = gateway ? new URL(gateway.url).port : '0';
    await gateway?.stop();
    const clock = at('wall-clock');
    writeFileSync(clock, String(offMs));
    gateway = await spawnGateway(folder.path, [], {
      ...{ TMPDIR: temporary, SPILLWAY_TEST_LISTEN: `127.0.0.1:${port}` },
      ...{ NODE_OPTIONS: `--import=${CLOCK}`, SPILLWAY_TEST_WALL_CLOCK: clock },
    });
  }
  const ffmpeg = (...args: string[]) => execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);
  const made = (name: string, ...args: string[]) => {
    ffmpeg(...args, at(name));
    return readFileSync(at(name));
  };
  const lavfi = (source: string) => ['-f', 'lavfi', '-i', source];
  async function film(
    scene: SceneName,
    framesPerSecond: number,
  ): Promise<{ bytes: Buffer; truth: VideoTruth }> {
    const truth = await writeVideo(at(`${scene}.mp4`), scene, {
      widthPx: 854,
      heightPx: 480,
      framesPerSecond,
    });
    return { bytes: readFileSync(at(`${scene}.mp4`)), truth };
  }
  async function completed(bytes: Buffer, more: object = {}): Promise<VideoStatus> {
    const { job, status } = await video.process(await video.upload(bytes, 'work.mp4'), more);
    expect([job?.status, status?.status, status?.error]).toEqual(['COMPLETED', 'completed', undefined]);
    return status as VideoStatus;
  }

  const notVideos: [string, Buffer, RegExp][] = [
    ['text', Buffer.from('no video at all'), /^The file is not a video: /],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n00000000', 'latin1'), /it is a PNG picture/],
    ['nothing', Buffer.alloc(0), /^The video is empty/],
  ];
  it.each(notVideos)('of %s is refused before it begins', async (_what, bytes, sentence) => {
    const key = await video.upload(bytes, 'work.mp4');
    expect(await video.process(key)).toEqual({ refusal: expect.stringMatching(sentence) });
  });

  const broken: [string, () => Promise<Buffer> | Buffer, RegExp][] = [
    [
      'that begins as a video and is none',
      () => Buffer.concat([Buffer.from('\0\0\0\x20ftypisom', 'latin1'), Buffer.alloc(9_000, 7)]),
      /^The video has no index/,
    ],
    [
      'without a single picture',
      () => {
        const none = ['-vf', 'select=0', '-c:v', 'ffv1', '-c:a', 'aac'];
        return made('none.mkv', ...lavfi('testsrc2=duration=1'), ...lavfi('sine=duration=1'), ...none);
      },
      /no (frame|picture)|without (a )?(frame|picture)/i,
    ],
    [
      'of sound alone',
      () => made('sound.mp4', ...lavfi('sine=duration=2'), '-c:a', 'aac'),
      /sound but no video/,
    ],
    [
      'in 8K',
      () => made('huge.mp4', ...lavfi('color=size=7680x4320:rate=2:duration=1'), ...X264),
      /7680 ?[x×] ?4320/,
    ],
    [
      'of an empty room',
      async () => (await film('empty', 5)).bytes,
      /^Nobody was found in the video\. .*demo models/,
    ],
  ];
  it.each(broken)('%s ends as failed, with the reason', async (_what, make, sentence) => {
    const { job, status } = await video.process(await video.upload(await make(), 'work.mp4'));
    expect(status).toMatchObject({
      ...{ status: 'failed', state: 'failed', error: expect.stringMatching(sentence) },
    });
    expect(String(status?.error)).not.toMatch(/\n|at \/|Error:/);
    expect(job).toEqual({ status: 'FAILED', error: status?.error });
  });

  it('of one picture a second is scored as far as that goes', async () => {
    const { t = [], rula = [] } = await video.samples(await completed((await film('lifting', 1)).bytes));
    expect(t.map((one) => Math.round(Number(one)))).toEqual(t.map((_, index) => index));
    expect(rula.filter((one) => one !== null).length).toBeGreaterThan(t.length / 2);
  });

  it('whose end is damaged is scored up to there, and says so', async () => {
    const { bytes, truth } = await film('lifting', 10);
    const cut = await completed(bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    expect(cut.warnings?.join(' ')).toMatch(/damaged|cut|breaks off|ends/);
    const { t = [] } = await video.samples(cut);
    const seconds = truth.frame_count / truth.frames_per_second;
    expect(Number(t.at(-1))).toBeGreaterThan(seconds * 0.4);
    expect(Number(t.at(-1))).toBeLessThan(seconds * 0.8);
  });

  it('with somebody who leaves and comes back keeps them, and says nothing of the time between', async () => {
    const { bytes, truth } = await film('leaving', 10);
    const status = await completed(bytes);
    const told = compareTrunk(await video.samples(status), truth);
    const isThere = ({ t }: Told) => t < 6 || t > 10;
    expect(
      told.filter((one) => !isThere(one) && one.t > 7 && one.t < 9).every(({ angle }) => angle === null),
    ).toBe(true);
    // The same person before and after, so that both are scored.
    for (const part of [told.filter(({ t }) => t < 6), told.filter(({ t }) => t > 10)]) {
      expect(part.length).toBeGreaterThan(12);
      expect(part.filter(({ angle }) => angle === null).length).toBeLessThan(3);
      const errors = part.flatMap(({ angle, truly }) =>
        angle === null ? [] : [Math.abs(angle - Number(truly))],
      );
      expect(Math.max(...errors)).toBeLessThan(3);
    }
  });

  it('with two who cross twice follows whoever was meant', async () => {
    const { bytes, truth } = await film('crossing', 6);
    const key = await video.upload(bytes, 'work.mp4');
    async function samplesOf(id: number, t: number): Promise<VideoSamples> {
      const box = truth.frames[t * truth.frames_per_second]?.people.find((one) => one.id === id)?.box;
      const [left = 0, top = 0, right = 0, bottom = 0] = box ?? [];
      const person = { at: [(left + right) / 2, (top + bottom) / 2], t };
      const { status } = await video.process(key, { person, overlay: false });
      expect(status).toMatchObject({ status: 'completed' });
      return video.samples(status as VideoStatus);
    }
    // Pointed at before they met and after they had met twice: the same person, sample by sample.
    const nearer = await samplesOf(1, 0);
    expect(await samplesOf(1, 13)).toEqual(nearer);
    const further = await samplesOf(2, 5);
    expect(further).not.toEqual(nearer);
    const told = compareTrunk(nearer, truth);
    expect(told.filter(({ angle }) => angle !== null).length).toBeGreaterThan(0.85 * told.length);
    const errors = told.flatMap(({ angle, truly }) =>
      angle === null ? [] : [Math.abs(angle - Number(truly))],
    );
    expect(Math.max(...errors)).toBeLessThan(3);
  });

  it('of a key that nobody issued, or issued for somebody else, has no video', async () => {
    const ask = (key: unknown) => video.act({ action: 'start_processing', video_key: key });
    for (const key of ['uploads/work.mp4', '../etc/passwd', `uploads/video_${'a'.repeat(32)}.exe`])
      expect((await ask(key)).error).toBe(
        `video_key: "${key}" is none that this service issued; ask for one with generate_upload_url`,
      );
    const none = `uploads/video_${'a'.repeat(32)}.mp4`;
    const absent = (key: unknown) =>
      `video_key: there is no video at ${key}; upload it first, and complete the upload if it goes in parts`;
    expect((await ask(none)).error).toBe(absent(none));
    // Another endpoint's, with its video in place.
    const { video_key: foreign, upload_url: url } = await video.act(
      { action: 'generate_upload_url' },
      'other',
    );
    const body = new Uint8Array(made('key.mp4', ...lavfi('testsrc2=duration=1'), ...X264));
    expect((await fetch(String(url), { method: 'PUT', body })).status).toBe(200);
    expect((await ask(foreign)).error).toBe(absent(foreign));
    expect((await video.act({ action: 'get_status', job_id: '../../secret' })).error).toBe('Job not found');
  });

  it('of an upload that is not as long as was said has no video', async () => {
    const bytes = new Uint8Array(made('lie.mp4', ...lavfi('testsrc2=duration=1'), ...X264));
    const put = (url: unknown) => fetch(String(url), { method: 'PUT', body: bytes });
    const sentence = /\d+ bytes/;
    const call = async (path: string, body: object) =>
      (await (await gateway?.call(path, body))?.json()) as Record<string, never>;
    const { id, key, upload } = await call('/v1/artifacts', { name: 'lie.mp4', sizeBytes: bytes.length + 1 });
    const refusal = await put((upload as unknown as { url: string }).url);
    expect([refusal.status, await refusal.text()]).toEqual([400, expect.stringMatching(sentence)]);
    expect((await call(`/v1/artifacts/${id}/complete`, {})).code).toBe('ARTIFACT_INCOMPLETE');
    expect((await video.act({ action: 'start_processing', video_key: key })).error).toMatch(
      /there is no video at/,
    );
    const asked = { action: 'create_multipart_upload', filename: 'lie.mp4', size_bytes: bytes.length - 1 };
    const { video_key, upload_id } = await video.act(asked);
    const parts = await video.act({ action: 'sign_parts', video_key, upload_id, part_numbers: [1] });
    expect((await put((parts.parts as [{ url: string }])[0].url)).status).toBe(400);
    const completing = await video.act({ action: 'complete_multipart_upload', video_key, upload_id });
    expect(completing.error).toMatch(/missing/);
    expect((await video.act({ action: 'abort_multipart_upload', video_key, upload_id })).status).toBe(
      'success',
    );
  });

  it('whose URL has expired is told so', async () => {
    const { video_key: key, upload_url: url } = await video.act({ action: 'generate_upload_url' });
    const { bytes } = await film('empty', 2);
    const put = () => fetch(String(url), { method: 'PUT', body: new Uint8Array(bytes) });
    await start(2 * HOUR_MS);
    const late = await put();
    expect([late.status, await late.text()]).toEqual([403, expect.stringMatching(/expired/)]);
    const { error } = await video.act({ action: 'start_processing', video_key: key });
    expect(error).toMatch(/there is no video at/);
    await start(0);
    expect((await put()).status).toBe(200);
  });
});

interface Told {
  readonly t: number;
  readonly angle: number | null;
  /** Undefined where nobody is there. */
  readonly truly: number | undefined;
}

/** The trunk's angle in each sample, and what it was, of the first person. */
function compareTrunk({ t = [], trunk_flexion: angles = [] }: VideoSamples, truth: VideoTruth): Told[] {
  return t.map((time, at) => {
    const frame = truth.frames[Math.round(Number(time) * truth.frames_per_second)];
    const truly = frame?.people.find(({ id }) => id === 1)?.angles.trunk_flexion;
    return { t: Number(time), angle: angles[at] ?? null, truly };
  });
}
