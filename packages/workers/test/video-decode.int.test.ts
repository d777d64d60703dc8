import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { probeVideo } from '@spillway/workers/video';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  collect,
  collectTimes,
  ffmpeg,
  hasFfmpeg,
  makeFolder,
  makeVideo,
  packetTimes,
  turnVideo,
  X264,
} from './test-videos.ts';

const { folder, remove } = makeFolder();
afterAll(remove);
const file = (name: string) => path.join(folder, name);

const SINE = ['-f', 'lavfi', '-i', 'sine=duration=3'];
/** Frames that wait between 20 and 220 ms for the next one. */
const UNEVEN = "setpts='(N*0.06+0.04*mod(N\\,3)+0.06*gt(mod(N\\,7)\\,4))/TB'";

describe.skipIf(!hasFfmpeg)('reading videos', () => {
  let plain = '';
  let uneven = '';
  beforeAll(() => {
    plain = makeVideo(file('plain.mp4'));
    uneven = makeVideo(file('uneven.mp4'), {
      args: ['-vf', UNEVEN, '-vsync', 'vfr', '-enc_time_base', '1:1000', '-video_track_timescale', '90000'],
    });
  });

  test('a video is described as it is shown', async () => {
    const video = await probeVideo(plain);
    expect(video).toMatchObject({
      ...{ widthPx: 320, heightPx: 180, rotationDeg: 0, durationMs: 3000, frameRate: 30 },
      ...{ isVariableFrameRate: false, codec: 'h264', hasAudio: false },
    });
    expect(await probeVideo(uneven)).toMatchObject({ isVariableFrameRate: true });
  });

  test('every frame comes with the pixels that ffmpeg gives, and with its time', async () => {
    const frames = await collect(plain, { widthPx: 64, heightPx: 48 });
    expect(frames.map(({ index }) => index)).toEqual(frames.map((_, index) => index));
    expect(frames.map(({ timeMs }) => timeMs)).toEqual(
      Array.from({ length: 90 }, (_, index) => Math.round((index * 1e6) / 30) / 1000),
    );
    const raw = ffmpeg(
      '-i',
      plain,
      '-vf',
      'scale=64:48:flags=bilinear',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-',
    );
    expect(Buffer.concat(frames.map(({ data }) => data)).equals(raw)).toBe(true);
  });

  test('planes of luma and chroma are given where they are asked for', async () => {
    const frames = await collect(plain, { pixels: 'yuv420p', samplesPerSecond: 2 });
    expect(frames).toHaveLength(6);
    const [first] = frames;
    const raw = ffmpeg('-i', plain, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-');
    expect(first?.data.length).toBe((320 * 180 * 3) / 2);
    expect(raw.equals(first?.data ?? new Uint8Array())).toBe(true);
  });

  test('frames at an uneven rate keep their true times', async () => {
    const times = await collectTimes(uneven);
    const truth = packetTimes(uneven);
    expect(times).toHaveLength(truth.length);
    times.forEach((time, index) => {
      expect(time).toBeCloseTo(truth[index] ?? Number.NaN, 2);
    });
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(50);
  });

  test('samples are the first frame of each period, and none is doubled where there are fewer frames', async () => {
    const all = await collectTimes(uneven);
    const sampled = await collectTimes(uneven, { samplesPerSecond: 5 });
    const firsts = all.filter(
      (time, at) => at === 0 || Math.floor(time / 200) > Math.floor((all[at - 1] ?? 0) / 200),
    );
    expect(sampled).toEqual(firsts);
    expect(await collectTimes(plain, { samplesPerSecond: 10 })).toEqual(
      Array.from({ length: 30 }, (_, index) => index * 100),
    );
    const slow = makeVideo(file('slow.mp4'), { rate: '1' });
    expect(await collectTimes(slow, { samplesPerSecond: 10 })).toEqual([0, 1000, 2000]);
  });

  // A test for each: the sixty runs of ffmpeg that they are together take a busy machine a minute.
  test.each(['uneven.mp4', 'plain.mkv', 'plain.ts', 'plain.avi', 'plain.mpg'])(
    'ranges put together are the whole video, in a container with an index or without: %s',
    async (name) => {
      const cuts = [0, 400, 1333, 1334, 2750, 10_000];
      const source = file(name);
      if (name !== 'uneven.mp4') ffmpeg('-i', plain, ...(name.endsWith('mpg') ? [] : ['-c', 'copy']), source);
      for (const samplesPerSecond of [undefined, 7]) {
        const whole = await collectTimes(source, { samplesPerSecond });
        const parts: number[][] = [];
        for (const [at, fromMs] of cuts.slice(0, -1).entries()) {
          parts.push(await collectTimes(source, { samplesPerSecond, fromMs, toMs: cuts[at + 1] }));
        }
        expect(parts.flat()).toEqual(whole);
        expect(whole.length).toBeGreaterThan(samplesPerSecond ? 19 : 20);
      }
    },
  );

  test('a place far behind the beginning is found in a stream without an index, too', async () => {
    const long = file('long.ts');
    makeVideo(long, { size: '64x36', rate: '10', seconds: 60, args: ['-g', '200'] });
    const range = { fromMs: 41_050, toMs: 44_000 };
    const [there, whole] = [await collect(long, range), await collect(long)];
    expect(there.map(({ timeMs }) => timeMs)).toEqual(
      whole.map(({ timeMs }) => timeMs).filter((time) => time >= range.fromMs && time < range.toMs),
    );
    const same = whole.find(({ timeMs }) => timeMs === there[0]?.timeMs);
    expect(Buffer.from(same?.data ?? []).equals(there[0]?.data ?? new Uint8Array())).toBe(true);
  });

  test('a recording that changes its size on the way goes on in the size that it began with', async () => {
    const parts = ['160x90', '320x240'].map((size, at) =>
      makeVideo(file(`part-${at}.ts`), { size, args: ['-output_ts_offset', String(3 * at)] }),
    );
    const joined = file('joined.ts');
    writeFileSync(joined, Buffer.concat(parts.map((part) => readFileSync(part))));
    const frames = await collect(joined, { samplesPerSecond: 5 });
    expect(frames.map(({ timeMs }) => Math.round(timeMs / 10))).toEqual(
      Array.from({ length: 30 }, (_, index) => 20 * index),
    );
    expect(new Set(frames.map(({ data }) => data.length))).toEqual(new Set([160 * 90 * 3]));
  });

  test.each([
    ['upright', [1, 0, 0, 1], 0],
    ['a quarter turn to the right', [0, 1, -1, 0], 90],
    ['upside down', [-1, 0, 0, -1], 180],
    ['a quarter turn to the left', [0, -1, 1, 0], 270],
    ['mirrored', [-1, 0, 0, 1], 0],
    ['mirrored, upside down', [1, 0, 0, -1], 180],
    ['mirrored, a quarter turn', [0, 1, 1, 0], undefined],
    ['mirrored, the other quarter turn', [0, -1, -1, 0], undefined],
  ])('a video that is shown %s is turned as players turn it', async (name, matrix, rotationDeg) => {
    const turned = turnVideo(plain, file(`${name}.mp4`), matrix);
    const video = await probeVideo(turned);
    if (rotationDeg !== undefined) expect(video.rotationDeg).toBe(rotationDeg);
    const isUpright = matrix[0] !== 0;
    expect([video.widthPx, video.heightPx]).toEqual(isUpright ? [320, 180] : [180, 320]);
    const [frame] = await collect(turned, { toMs: 10 });
    const raw = ffmpeg('-i', turned, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
    expect(raw.length).toBe(frame?.data.length);
    // The order of turning and of mixing colours differs: a level or two, not another picture.
    expect(meanDifference(raw, frame?.data ?? new Uint8Array())).toBeLessThan(1.5);
  });

  test('pixels that are not square are made so', async () => {
    const wide = makeVideo(file('anamorphic.mp4'), { size: '240x180', args: ['-vf', 'setsar=4/3'] });
    expect(await probeVideo(wide)).toMatchObject({ widthPx: 320, heightPx: 180 });
    const [frame] = await collect(wide, { maxSidePx: 160, toMs: 10 });
    expect([frame?.widthPx, frame?.heightPx]).toEqual([160, 90]);
  });

  test.each([
    ['the longer side at most', { maxSidePx: 100 }, [100, 56]],
    ['never larger than it is', { maxSidePx: 4000 }, [320, 180]],
    ['a width alone', { widthPx: 160 }, [160, 90]],
    ['a height alone', { heightPx: 90 }, [160, 90]],
    ['both, whatever the shape', { widthPx: 50, heightPx: 70 }, [50, 70]],
    ['even sides for planes', { maxSidePx: 101, pixels: 'yuv420p' as const }, [102, 56]],
  ])('the size of frames: %s', async (_, options, size) => {
    const [frame] = await collect(plain, { ...options, toMs: 10 });
    expect([frame?.widthPx, frame?.heightPx]).toEqual(size);
  });

  test('time 0 is where players begin: a late picture track, an offset and a cut are told as they are', async () => {
    const late = file('late.mkv');
    ffmpeg(...SINE, '-itsoffset', '0.5', '-i', plain, '-map', '1:v', '-map', '0:a', '-c:v', 'copy', late);
    expect((await collectTimes(late))[0]).toBeCloseTo(500, -1);
    const offset = file('offset.ts');
    ffmpeg('-i', plain, '-c', 'copy', '-output_ts_offset', '900', offset);
    expect((await collectTimes(offset)).slice(0, 2)).toEqual([0, expect.closeTo(33.3, 0)]);
    // The cut begins between key frames: the file holds more, and hides it by an edit list.
    const cut = file('cut.mp4');
    ffmpeg('-ss', '1.5', '-i', plain, '-c', 'copy', cut);
    const times = await collectTimes(cut);
    expect(times).toHaveLength(45);
    expect(times[0]).toBeLessThan(40);
    const [frame] = await collect(cut, { toMs: 40 });
    const raw = ffmpeg('-i', cut, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
    expect(raw.equals(frame?.data ?? new Uint8Array())).toBe(true);
  });

  test('a recording that does not say how long it is is measured', async () => {
    const live = file('live.webm');
    const vp8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-f', 'webm', '-live', '1'];
    ffmpeg('-i', plain, ...vp8, live);
    const video = await probeVideo(live);
    expect(video.durationMs).toBeGreaterThan(2900);
    expect(video.durationMs).toBeLessThan(3100);
    expect(await collectTimes(live)).toHaveLength(90);
  });

  test('interlaced and 10-bit videos are read too', async () => {
    const interlaced = file('interlaced.mp4');
    ffmpeg('-i', plain, '-vf', 'interlace', ...X264, '-flags', '+ildct+ilme', interlaced);
    expect(await collectTimes(interlaced)).toHaveLength(45);
    const deep = file('deep.mp4');
    ffmpeg('-i', plain, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', deep);
    expect(await collectTimes(deep)).toHaveLength(90);
  });
});

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}
