import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeFrames, findFfmpeg, probeVideo, VideoError } from '@spillway/workers/video';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect, collectTimes, ffmpeg, hasFfmpeg, makeFolder, makeVideo } from './test-videos.ts';

const { folder, remove } = makeFolder();
afterAll(remove);
const file = (name: string) => path.join(folder, name);

async function problemOf(promise: Promise<unknown>): Promise<VideoError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(VideoError);
  const problem = error as VideoError;
  // A sentence for the user, without paths or addresses.
  expect(problem.message).toMatch(/^[A-Z].*\.$/);
  expect(problem.message).not.toContain(folder);
  return problem;
}

/** Children of this process that run ffmpeg. */
function ffmpegChildren(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return new RegExp(`\\(ff(mpeg|probe)\\) [^Z] ${process.pid} `).test(stat);
    } catch {
      return false;
    }
  });
}

test('a machine without ffmpeg is told how to get it', async () => {
  const problem = await problemOf(findFfmpeg({ PATH: '/nowhere' }));
  expect(problem.code).toBe('FFMPEG_MISSING');
  expect(problem.message).toContain('apt-get install ffmpeg');
  expect((await problemOf(findFfmpeg({ PATH: '', FFMPEG_PATH: '/nowhere/ffmpeg' }))).message).toContain(
    'FFMPEG_PATH is /nowhere/ffmpeg',
  );
});

test('ffmpeg is found on PATH, or where it is named, with ffprobe beside it', async () => {
  mkdirSync(file('bin'));
  for (const name of ['ffmpeg', 'ffprobe', 'my-ffprobe']) {
    writeFileSync(file(`bin/${name}`), '#!/bin/sh\n');
    chmodSync(file(`bin/${name}`), 0o755);
  }
  const both = { ffmpeg: file('bin/ffmpeg'), ffprobe: file('bin/ffprobe') };
  expect(await findFfmpeg({ PATH: `/nowhere:${file('bin')}` })).toEqual(both);
  expect(await findFfmpeg({ PATH: '', FFMPEG_PATH: file('bin/ffmpeg') })).toEqual(both);
  const named = { PATH: file('bin'), FFPROBE_PATH: file('bin/my-ffprobe') };
  expect(await findFfmpeg(named)).toEqual({ ...both, ffprobe: file('bin/my-ffprobe') });
});

describe.skipIf(!hasFfmpeg)('what can not be read', () => {
  let plain = '';
  let long = '';
  beforeAll(() => {
    plain = makeVideo(file('plain.mp4'));
    long = makeVideo(file('long.mp4'), { seconds: 10, args: ['-movflags', '+faststart'] });
  });

  test.each([
    [
      'text',
      'NOT_A_VIDEO',
      (name: string) => writeFileSync(name, 'not a video at all, only words'.repeat(100)),
    ],
    ['an empty file', 'NOT_A_VIDEO', (name: string) => writeFileSync(name, '')],
    ['a folder', 'NOT_A_VIDEO', (name: string) => mkdirSync(name)],
    ['a picture', 'NOT_A_VIDEO', (name: string) => ffmpeg('-i', plain, '-frames:v', '1', '-f', 'apng', name)],
    ['sound', 'NO_VIDEO_STREAM', (name: string) => ffmpeg(...SOUND, '-f', 'mp4', name)],
    ['sound with a cover', 'NO_VIDEO_STREAM', makeSongWithCover],
    ['a file that is not there', 'SOURCE_UNAVAILABLE', () => {}],
    [
      'a recording without its end',
      'CORRUPT',
      (name: string) => writeFileSync(name, readFileSync(plain).subarray(0, 30_000)),
    ],
  ])('%s is refused with a sentence', async (name, code, make) => {
    make(file(name));
    expect((await problemOf(probeVideo(file(name)))).code).toBe(code);
    expect((await problemOf(collect(file(name)))).code).toBe(code);
  });

  test.each([
    ['an HLS playlist', '#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nPLACE\n#EXT-X-ENDLIST\n'],
    ['a list of files', "ffconcat version 1.0\nfile 'PLACE'\n"],
    [
      'a session description',
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n',
    ],
  ])('%s is not followed, whatever it is called', async (name, text) => {
    for (const ending of ['', '.mp4', '.m3u8']) {
      writeFileSync(file(`${name}${ending}`), text.replace('PLACE', plain));
      expect((await problemOf(probeVideo(file(`${name}${ending}`)))).code).toBe('NOT_A_VIDEO');
    }
  });

  test('other schemes than https are refused before anything is asked', async () => {
    for (const source of ['http://127.0.0.1:1/x.mp4', 'rtmp://127.0.0.1/x', 'tcp://127.0.0.1:1']) {
      const problem = await problemOf(probeVideo(source));
      expect(problem.message).toContain('https URL');
    }
    expect((await problemOf(probeVideo('concat:/etc/passwd'))).code).toBe('SOURCE_UNAVAILABLE');
    expect((await problemOf(probeVideo('https://127.0.0.1:1/x.mp4?signature=secret'))).message).not.toContain(
      'secret',
    );
  });

  test('a file name that looks like an option or a pattern is a file name', async () => {
    for (const name of ['-i.mp4', 'file:%03d.mp4', 'a b;$(c)|d.mp4']) {
      writeFileSync(file(name), readFileSync(plain));
      expect((await probeVideo(file(name))).widthPx).toBe(320);
    }
  });

  test('8K is over the limit, which is a setting', async () => {
    const large = makeVideo(file('large.mp4'), { size: '7680x4320', rate: '1', seconds: 1 });
    const problem = await problemOf(collect(large));
    expect(problem.code).toBe('TOO_LARGE');
    expect(problem.message).toContain('7680 x 4320');
    const frames = await collect(large, { maxSidePx: 320, limits: { maxPixels: 40_000_000 } });
    expect(frames.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual([[320, 180]]);
  });

  test('a video without a frame says so', async () => {
    const none = file('none.mkv');
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=duration=1', ...SOUND, '-vf', 'select=0', '-c:v', 'ffv1', none);
    expect((await problemOf(collect(none))).code).toBe('NO_FRAMES');
  });

  test.each([
    ['mp4', 'cut-off'],
    ['mkv', 'cut-off'],
    // An AVI's own length is not trusted by ffmpeg, so nothing says how long it was.
    ['avi', 'errors'],
  ])('of a cut-off %s all frames before the cut are delivered, and the end is told', async (kind, damage) => {
    const whole = file(`whole.${kind}`);
    ffmpeg('-i', long, '-c', 'copy', '-movflags', '+faststart', whole);
    const bytes = readFileSync(whole);
    const cut = file(`cut.${kind}`);
    writeFileSync(cut, bytes.subarray(0, Math.round(bytes.length / 2)));
    const damages: { kind: string; lastFrameMs: number | undefined }[] = [];
    const times = await collectTimes(cut, { onDamage: (found: never) => damages.push(found) });
    expect(times.length).toBeGreaterThan(100);
    expect(times.length).toBeLessThan(250);
    expect(damages).toEqual([expect.objectContaining({ kind: damage, lastFrameMs: times.at(-1) })]);
    const seen: number[] = [];
    const problem = await problemOf(
      (async () => {
        for await (const { timeMs } of decodeFrames(cut, { pixels: 'rgb24', maxSidePx: 64 }))
          seen.push(timeMs);
      })(),
    );
    expect(seen).toEqual(times);
    expect(problem.code).toBe('CORRUPT');
    expect(problem.message).toContain(`${((times.at(-1) ?? 0) / 1000).toFixed(1)} s`);
  });

  test('damage in the middle is told, and what lies behind it is read', async () => {
    const bytes = readFileSync(long);
    for (let at = 0; at < 4000; at++) bytes[Math.round(bytes.length / 2) + at] = (at * 7919) % 256;
    writeFileSync(file('scratched.mp4'), bytes);
    const damages: { kind: string }[] = [];
    const times = await collectTimes(file('scratched.mp4'), {
      onDamage: (found: never) => damages.push(found),
    });
    expect(damages).toEqual([expect.objectContaining({ kind: 'errors' })]);
    expect(times.at(-1)).toBeGreaterThan(9900);
  });

  test('a sound video is not called damaged, from any place on', async () => {
    for (const fromMs of [0, 1010, 5555, 9990]) await collectTimes(long, { fromMs });
    expect(await collectTimes(long, { fromMs: 11_000 })).toEqual([]);
  });

  test('whoever leaves the loop leaves no process behind', async () => {
    for await (const _ of decodeFrames(long, { pixels: 'rgb24' })) break;
    expect(ffmpegChildren()).toEqual([]);
    const failing = async () => {
      for await (const _ of decodeFrames(long, { pixels: 'rgb24' })) throw new Error('mine');
    };
    await expect(failing()).rejects.toThrow('mine');
    expect(ffmpegChildren()).toEqual([]);
  });

  test('an aborted job ends its ffmpeg, while it reads and while it waits', async () => {
    const reason = new Error('the job was cancelled');
    const reading = new AbortController();
    const loop = async () => {
      for await (const { index } of decodeFrames(long, { pixels: 'rgb24', signal: reading.signal })) {
        if (index === 3) reading.abort(reason);
      }
    };
    await expect(loop()).rejects.toBe(reason);
    expect(ffmpegChildren()).toEqual([]);
    await expect(probeVideo(plain, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('ffmpeg waits for a slow reader instead of filling memory', async () => {
    const frames = decodeFrames(long, { pixels: 'rgb24', widthPx: 1280, heightPx: 720 });
    await frames.next();
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 60; index++) await frames.next();
    // 300 frames are 800 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    await frames.return();
    expect(ffmpegChildren()).toEqual([]);
  });
});

const SOUND = ['-f', 'lavfi', '-i', 'sine=duration=1'];

function makeSongWithCover(name: string): void {
  ffmpeg(
    '-i',
    plainCover(),
    ...SOUND,
    '-map',
    '1',
    '-map',
    '0',
    '-c:v',
    'copy',
    '-disposition:v',
    'attached_pic',
    '-f',
    'mp3',
    name,
  );
}

function plainCover(): string {
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2', '-frames:v', '1', file('cover.png'));
  return file('cover.png');
}
