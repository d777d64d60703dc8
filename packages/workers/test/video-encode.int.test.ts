import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeFrames, encodeVideo, probeVideo } from '@spillway/workers/video';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect, ffmpeg, hasFfmpeg, makeFolder, makeVideo, packetTimes } from './test-videos.ts';

const { folder, remove } = makeFolder();
afterAll(remove);
const file = (name: string) => path.join(folder, name);

const UNEVEN = "setpts='(N*0.06+0.04*mod(N\\,3)+0.06*gt(mod(N\\,7)\\,4))/TB'";

/** Reads a video and writes it again. */
async function again(source: string, toPath: string): Promise<string> {
  const video = await probeVideo(source);
  const frames = decodeFrames(source, { video, pixels: 'yuv420p' });
  const { widthPx, heightPx } = video;
  await encodeVideo(frames, { toPath, widthPx, heightPx, origin: { source, video } });
  return toPath;
}

interface Stream {
  readonly codec_name: string;
  readonly profile: string;
  readonly pix_fmt: string;
  readonly start_time: string;
  readonly duration: string;
}

function streamsOf(source: string): Stream[] {
  const args = ['-v', 'error', '-print_format', 'json', '-show_streams', source];
  return (JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8' })) as { streams: Stream[] }).streams;
}

describe.skipIf(!hasFfmpeg)('writing videos', () => {
  let plain = '';
  beforeAll(() => {
    plain = makeVideo(file('plain.mp4'));
  });

  test('an uneven rate is kept to the tick', async () => {
    const uneven = makeVideo(file('uneven.mp4'), {
      args: ['-vf', UNEVEN, '-vsync', 'vfr', '-enc_time_base', '1:1000', '-video_track_timescale', '90000'],
    });
    const times = packetTimes(await again(uneven, file('uneven-again.mp4')));
    const truth = packetTimes(uneven);
    expect(times).toHaveLength(truth.length);
    times.forEach((time, index) => {
      expect(time).toBeCloseTo(truth[index] ?? Number.NaN, 1);
    });
  });

  test('browsers can play it: H.264 in 8-bit 4:2:0, with its index before its frames', async () => {
    const [video] = streamsOf(await again(plain, file('browser.mp4')));
    expect(video).toMatchObject({ codec_name: 'h264', pix_fmt: 'yuv420p' });
    expect(['High', 'Main', 'Constrained Baseline']).toContain(video?.profile);
    const bytes = readFileSync(file('browser.mp4'));
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    // The last frame, too, is shown as long as the others.
    expect(Number(video?.duration)).toBeCloseTo(3, 3);
  });

  test('the pictures are those that went in', async () => {
    const frames = await collect(await again(plain, file('same.mp4')), { pixels: 'yuv420p' });
    const originals = await collect(plain, { pixels: 'yuv420p' });
    expect(frames).toHaveLength(originals.length);
    for (const at of [0, 44, 89]) {
      const [a, b] = [frames[at]?.data, originals[at]?.data];
      const difference = a?.reduce((sum, value, index) => sum + Math.abs(value - (b?.[index] ?? 0)), 0) ?? 0;
      expect(difference / (a?.length ?? 1)).toBeLessThan(4);
    }
  });

  test.each([
    ['mp4', 'aac', 'copied'],
    ['mkv', 'libopus', 'made into AAC'],
    ['ts', 'aac', 'copied from a file whose clock does not begin at zero'],
  ])('the sound of a %s (%s) goes along, %s, and stays in step', async (kind, codec) => {
    const source = file(`sound.${kind}`);
    // Silence, then a tone from 1.5 s on; the picture track begins 0.4 s late.
    const tone = ['-f', 'lavfi', '-i', "aevalsrc='gt(t,1.5)*sin(440*2*PI*t)':d=3.4"];
    const maps = ['-map', '1:v', '-map', '0:a', '-c:v', 'copy', '-c:a', codec, '-ar', '48000'];
    ffmpeg(...tone, '-itsoffset', '0.4', '-i', plain, ...maps, source);
    const [video, audio] = streamsOf(await again(source, file(`${kind}-sound.mp4`)));
    expect(audio?.codec_name).toBe('aac');
    expect(Number(audio?.duration)).toBeCloseTo(3.4, 0);
    const begin = (await collect(source, { toMs: 600, maxSidePx: 16 }))[0]?.timeMs ?? 0;
    expect(begin).toBeGreaterThan(350);
    expect(Number(video?.start_time)).toBeCloseTo(begin / 1000, 2);
    expect(toneStart(file(`${kind}-sound.mp4`))).toBeCloseTo(toneStart(source), 1);
  });

  test('a failure of the frames, or of the disk, leaves no file', async () => {
    const toPath = file('failed.mp4');
    const size = { widthPx: 320, heightPx: 180 };
    const failing = async function* () {
      yield { timeMs: 0, data: new Uint8Array((320 * 180 * 3) / 2) };
      throw new Error('the model failed');
    };
    await expect(encodeVideo(failing(), { ...size, toPath })).rejects.toThrow('the model failed');
    const frames = () => decodeFrames(plain, { pixels: 'yuv420p' });
    const nowhere = encodeVideo(frames(), { ...size, toPath: file('no/such/folder/x.mp4') });
    await expect(nowhere).rejects.toThrow(/No such file/);
    const cancelled = new AbortController();
    const cancelling = async function* () {
      for await (const frame of frames()) {
        if (frame.index === 5) cancelled.abort(new Error('cancelled'));
        yield frame;
      }
    };
    const aborted = encodeVideo(cancelling(), { ...size, toPath, signal: cancelled.signal });
    await expect(aborted).rejects.toThrow('cancelled');
    const none = encodeVideo(decodeFrames(plain, { pixels: 'yuv420p', fromMs: 9000 }), { ...size, toPath });
    await expect(none).rejects.toMatchObject({ code: 'NO_FRAMES' });
    expect([existsSync(toPath), existsSync(`${toPath}.part`)]).toEqual([false, false]);
  });
});

/** When the tone begins in the presentation, in seconds: the first loud sample after the sound's own start. */
function toneStart(source: string): number {
  const filter = 'aresample=async=1:first_pts=0,pan=mono|c0=c0';
  const raw = ffmpeg('-i', source, '-map', '0:a', '-af', filter, '-ar', '48000', '-f', 's16le', '-');
  for (let at = 0; at < raw.length; at += 2) if (Math.abs(raw.readInt16LE(at)) > 3000) return at / 2 / 48_000;
  return Number.NaN;
}
