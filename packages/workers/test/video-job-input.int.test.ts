import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createVideoPeople } from '../src/ergonomics/video-jobs/video-people.ts';
import type { PoseReader } from '../src/pose/pose-reader.ts';
import { probeVideo } from '../src/video/index.ts';
import { ffmpeg, hasFfmpeg, makeFolder, makeVideo, packetTimes, X264 } from './test-videos.ts';
import { type Bench, bending, openBench } from './video-job-bench.ts';

/** What users really send, decoded by ffmpeg; the people are drawn, since no model is asked here. */
const { folder, remove } = makeFolder();
afterAll(remove);
let bench: Bench;
afterEach(() => bench.remove());

/** Sees one drawn person in every frame. */
const reader: Pick<PoseReader, 'models' | 'read'> = {
  models: [],
  async *read(frames) {
    for await (const { index, timeMs, widthPx, heightPx } of frames)
      yield {
        ...{ index, timeMs, widthPx, heightPx, layout: 'coco17', started: [], ended: [] },
        people: bending(timeMs / 1000).map((one) => ({
          ...one,
          score: 0.9,
          keypoints: one.keypoints as never,
        })),
        tracker: { tracks: [], nextId: 2 },
      };
  },
};

interface Ran {
  readonly [name: string]: unknown;
}

async function run(file: string, more: object = {}): Promise<Ran> {
  const source = createVideoPeople(reader as PoseReader);
  bench = await openBench({ seconds: 1, momentAt: bending }, { source, env: { VIDEO_SEGMENT_S: '2' } });
  const key = await bench.upload(readFileSync(file), path.basename(file));
  const started = await bench.act({ action: 'start_processing', video_key: key, quality: 'high', ...more });
  if (started.status === 'error') return { error: String(started.error) };
  await bench.process(String(started.process_job_id));
  const asked = await bench.act({ action: 'get_status', job_id: started.job_id });
  const left = [...(await bench.keys(`status/job_${started.job_id}/`))];
  return {
    ...(asked.job_status as unknown as Record<string, unknown>),
    left,
    results: await bench.keys('results/'),
  };
}
const at = (name: string) => path.join(folder, name);

describe.skipIf(!hasFfmpeg)('a file', () => {
  const refused: [string, () => string, RegExp][] = [
    [
      'of sound alone',
      () => {
        ffmpeg('-f', 'lavfi', '-i', 'sine=duration=2', '-c:a', 'aac', at('sound.mp4'));
        return at('sound.mp4');
      },
      /sound but no video/,
    ],
    [
      'that begins as a video and is none',
      () => {
        writeFileSync(
          at('noise.mp4'),
          Buffer.concat([Buffer.from('\0\0\0\x20ftypisom', 'latin1'), Buffer.alloc(9000, 7)]),
        );
        return at('noise.mp4');
      },
      /./,
    ],
    [
      'without a single picture',
      () => {
        const none = ['-vf', 'select=0', '-c:v', 'ffv1', '-c:a', 'aac', at('none.mkv')];
        ffmpeg('-f', 'lavfi', '-i', 'testsrc2=duration=1', '-f', 'lavfi', '-i', 'sine=duration=1', ...none);
        return at('none.mkv');
      },
      /no (frame|picture)|without (a )?(frame|picture)/i,
    ],
    [
      'in 8K',
      () => {
        ffmpeg('-f', 'lavfi', '-i', 'color=size=7680x4320:rate=2:duration=1', ...X264, at('huge.mp4'));
        return at('huge.mp4');
      },
      /7680/,
    ],
  ];
  test.each(refused)(
    '%s ends as failed with a sentence, and leaves nothing',
    async (_name, make, sentence) => {
      const { status, error, left, results } = await run(make());
      expect([status, String(error)]).toEqual(['failed', expect.stringMatching(sentence)]);
      expect(String(error)).not.toMatch(/\n|at \/|Error:/);
      expect([left, results]).toEqual([[], []]);
    },
  );

  test('of one picture a second is scored as far as that goes', async () => {
    const { status, error } = await run(makeVideo(at('slow.mp4'), { rate: '1', seconds: 5 }));
    expect([status, error]).toEqual(['completed', undefined]);
  });

  test('that is cut off is scored up to there, and says so', async () => {
    const whole = readFileSync(makeVideo(at('whole.mkv'), { seconds: 6 }));
    writeFileSync(at('cut.mkv'), whole.subarray(0, Math.floor(whole.length * 0.6)));
    const { status, warnings } = await run(at('cut.mkv'));
    expect(status).toBe('completed');
    expect((warnings as string[]).length).toBeGreaterThan(0);
  });

  test('whose worker is lost while it is drawn on goes on behind the last piece, and is whole in the end', async () => {
    const source = createVideoPeople(reader as PoseReader);
    bench = await openBench({ seconds: 1, momentAt: bending }, { source, env: { VIDEO_SEGMENT_S: '2' } });
    const uneven = ['-vf', "setpts='(N*0.06+0.02*mod(N\\,3))/TB'", '-vsync', 'vfr'];
    const silent = makeVideo(at('silent.mp4'), { rate: '16', seconds: 7, args: uneven });
    const file = at('pieces.mp4');
    ffmpeg('-i', silent, '-f', 'lavfi', '-i', 'sine=duration=6.5', '-c:v', 'copy', '-c:a', 'aac', file);
    const key = await bench.upload(readFileSync(file), 'pieces.mp4');
    const { process_job_id: job } = await bench.act({ action: 'start_processing', video_key: key });
    const kept: string[] = [];
    const stop = new AbortController();
    const { put } = bench.store;
    bench.store.put = async (name, ...more) => {
      const info = await put(name, ...more);
      const [, piece] = /overlay_[0-9a-f]+_(\d+)\.ts$/.exec(name) ?? [];
      if (piece !== undefined) kept.push(piece);
      if (piece === '00000') stop.abort();
      return info;
    };
    expect((await bench.process(String(job), { signal: stop.signal })).status).toBe('CANCELLED');
    const before = [...kept];
    expect(before[0]).toBe('00000');
    expect((await bench.processElsewhere(String(job), { attempt: 2 })).status).toBe('COMPLETED');
    // Of three pieces, of which the last one is not kept.
    expect(kept).toEqual(['00000', '00001']);
    const [overlay = ''] = (await bench.keys('results/')).filter((name) => name.endsWith('overlay.mp4'));
    const drawn = at('drawn.mp4');
    writeFileSync(drawn, await buffer((await bench.store.get(overlay)).stream));
    const [times, truth] = [packetTimes(drawn), packetTimes(file)];
    expect(times).toHaveLength(truth.length);
    for (const [index, time] of times.entries()) expect(time).toBeCloseTo(truth[index] ?? Number.NaN, 0);
    // Decoded without a complaint, with its sound.
    expect(String(ffmpeg('-xerror', '-i', drawn, '-f', 'null', '-'))).toBe('');
    expect(await probeVideo(drawn)).toMatchObject({ codec: 'h264', hasAudio: true });
  });

  test('in segments has every sample once, at its true time', async () => {
    await run(makeVideo(at('segments.mp4'), { rate: '30', seconds: 7 }), { overlay: false });
    const [json = ''] = (await bench.keys('results/')).filter((key) => key.endsWith('.json'));
    const { stream } = await bench.store.get(json);
    const { samples } = JSON.parse(String(Buffer.concat(await stream.toArray()))) as {
      samples: { t: number[] };
    };
    expect(samples.t).toHaveLength(7 * 12);
    for (const [index, t] of samples.t.entries()) expect(Math.abs(t - index / 12)).toBeLessThan(0.04);
  });
});
