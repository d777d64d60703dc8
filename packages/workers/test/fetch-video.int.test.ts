import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchVideo } from '../src/ergonomics/video-jobs/fetch-video.ts';
import { createPatience, PATIENCE_MS } from '../src/ergonomics/video-jobs/patience.ts';

const VIDEO = Buffer.from('a video of some length');
const key = 'uploads/video_1.mp4';
const record = { key, etag: '"1"', size_bytes: VIDEO.length, name: 'walk.mp4' };
const info = { key, etag: '"1"', sizeBytes: VIDEO.length, mediaType: 'video/mp4', modifiedAt: 0 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-fetch-'));
});
afterEach(() => rm(folder, { recursive: true }));

const clock = createManualClock();
const { signal } = new AbortController();

function fetchFrom(get: (start: number) => Promise<unknown>): Promise<string> {
  const store = {
    head: async () => info,
    get: (_key: string, { start }: { start: number }) => get(start),
  };
  const patiently = createPatience({ clock, signal, log: { warn() {} } });
  const parts = { store: store as unknown as ArtifactStore, fileOf: () => undefined };
  return fetchVideo(parts, record, { folder, signal, patiently }, () => {});
}

const PIECE = 5;

/** Some bytes, and when they are in the file the connection breaks off. */
async function* breakingOff(start: number): AsyncGenerator<Uint8Array> {
  const bytes = VIDEO.subarray(start, start + PIECE);
  yield bytes;
  const file = path.join(folder, 'video.mp4');
  const isThere = async () => (await stat(file).catch(() => undefined))?.size === start + bytes.length;
  while (!(await isThere()));
  throw new TypeError('terminated');
}

test('a line that breaks off now and then brings the whole video, however long that takes', async () => {
  const asked: number[] = [];
  const file = await fetchFrom(async (start) => {
    asked.push(start);
    // Each time it is slower than a storage that is away may be.
    await clock.advance(PATIENCE_MS + 1);
    return { info, stream: Readable.from(breakingOff(start)) };
  });
  expect(String(await readFile(file))).toBe(String(VIDEO));
  expect(asked).toEqual([0, PIECE, 2 * PIECE, 3 * PIECE, 4 * PIECE]);
});

test('a storage that never gives more is not asked without end', async () => {
  const failed = fetchFrom(async (start) => {
    if (start === 0) return { info, stream: Readable.from(breakingOff(start)) };
    throw new ArtifactError('STORAGE_UNAVAILABLE', 'the bucket is away');
  });
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  failed.then(over, over);
  while (!isOver) {
    await clock.advance(15_000);
    await setImmediate();
  }
  await expect(failed).rejects.toThrow('the bucket is away');
});

test('a video that is replaced between two pieces of it is no mixture of both', async () => {
  const replaced = { ...info, etag: '"2"' };
  const failed = fetchFrom(async (start) => ({
    info: start === 0 ? info : replaced,
    stream: Readable.from(start === 0 ? breakingOff(start) : [VIDEO.subarray(start)]),
  }));
  await expect(failed).rejects.toThrow('The video was replaced');
});
