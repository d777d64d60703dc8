import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openBucket } from '@spillway/artifacts';
import { afterAll, describe, expect, test } from 'vitest';
import { startS3Server } from '../../artifacts/test/versity.ts';
import { isAway } from '../src/ergonomics/video-jobs/patience.ts';
import { saveResult } from '../src/ergonomics/video-jobs/save-results.ts';
import { bending, mp4, openBench } from './video-job-bench.ts';

/** The same jobs in a bucket, as a worker on RunPod has it: no gateway, no folder. */
const s3 = await startS3Server('videos');
afterAll(() => s3?.stop());

const LARGE_BYTES = 65 * 1024 * 1024;

/** So large that it goes in parts. */
async function makeLargeResult(folder: string) {
  const name = 'overlay.mp4';
  const file = await open(path.join(folder, name), 'w');
  await file.truncate(LARGE_BYTES);
  await file.close();
  return { kind: 'video', name, path: path.join(folder, name), mediaType: 'video/mp4' };
}

/** A server that refuses before it has read the body may hang up while it is sent, and its answer is lost with that. */
async function untilAnswered<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || tries === 100) throw error;
    }
  }
}

const { signal } = new AbortController();

describe.skipIf(!s3)('with a bucket', () => {
  test('a video goes from its upload by a signed URL to results that anybody with their URL can read', async () => {
    const store = await openBucket(s3?.settings ?? (undefined as never), { now: Date.now });
    const bench = await openBench({ seconds: 12, momentAt: bending }, { store });
    try {
      const key = await bench.upload();
      const started = await bench.act({ action: 'start_processing', video_key: key });
      expect(started).toMatchObject({ status: 'success', message: 'Processing started' });
      expect((await bench.process(String(started.process_job_id))).status).toBe('COMPLETED');
      const { job_status: status } = await bench.act({ action: 'get_status', job_id: started.job_id });
      const { download_url: url, status: word } = status as unknown as Record<
        'download_url' | 'status',
        string
      >;
      expect(word).toBe('completed');
      const pickle = Buffer.from(await (await fetch(url)).arrayBuffer());
      expect([pickle[0], pickle[1], pickle.at(-1)]).toEqual([0x80, 3, 0x2e]);
      expect(await bench.keys('status/job_')).toEqual([`status/job_${started.job_id}.json`]);
    } finally {
      await bench.remove();
    }
  });

  test('an upload in parts goes on after a break, and is complete only when it is whole', async () => {
    const store = await openBucket(s3?.settings ?? (undefined as never), { now: Date.now });
    const bench = await openBench({ seconds: 12, momentAt: bending }, { store });
    try {
      const bytes = Buffer.alloc(9 * 1024 * 1024, 1);
      bytes.write('\0\0\0\x20ftypisom', 0, 'latin1');
      const asked = { action: 'create_multipart_upload', filename: 'long.mov', size_bytes: bytes.length };
      const upload = (await bench.act(asked)) as unknown as Record<string, string | number>;
      const { video_key, upload_id, part_size_bytes: size, part_count } = upload;
      expect(part_count).toBe(2);
      const of = { video_key, upload_id };
      const send = async (number: number) => {
        const signed = await bench.act({ action: 'sign_parts', ...of, part_numbers: [number] });
        const [{ url }] = signed.parts as unknown as [{ url: string }];
        const body = bytes.subarray((number - 1) * Number(size), number * Number(size));
        expect((await fetch(url, { method: 'PUT', body })).status).toBe(200);
      };
      await send(2);
      expect((await bench.act({ action: 'complete_multipart_upload', ...of })).error).toContain(
        '1 of 2 parts are missing',
      );
      const listed = await bench.act({ action: 'list_parts', ...of });
      expect(listed.parts).toMatchObject([{ part_number: 2, size_bytes: 1024 * 1024 }]);
      await send(1);
      const done = { status: 'success', video_key, size_bytes: bytes.length };
      expect(await bench.act({ action: 'complete_multipart_upload', ...of })).toEqual(done);
      expect(await bench.act({ action: 'complete_multipart_upload', ...of })).toEqual(done);
      const wrong = await bench.act({ action: 'list_parts', video_key, upload_id: 'other' });
      expect(wrong.error).toContain('there is no such upload');
    } finally {
      await bench.remove();
    }
  });

  test('an upload that has another size than was declared is not taken', async () => {
    const store = await openBucket(s3?.settings ?? (undefined as never), { now: Date.now });
    const bench = await openBench({ seconds: 12, momentAt: bending }, { store });
    try {
      const asked = { action: 'create_multipart_upload', filename: 'lie.mp4', size_bytes: 1000 };
      const { video_key, upload_id } = await bench.act(asked);
      const of = { video_key, upload_id };
      const signed = await bench.act({ action: 'sign_parts', ...of, part_numbers: [1] });
      const [{ url }] = signed.parts as unknown as [{ url: string }];
      await fetch(url, { method: 'PUT', body: mp4() });
      const completed = await bench.act({ action: 'complete_multipart_upload', ...of });
      expect(completed).toMatchObject({
        status: 'error',
        error: expect.stringMatching(/missing|bytes|size/),
      });
      const started = await bench.act({ action: 'start_processing', video_key });
      expect(started).toMatchObject({
        ...{ status: 'error', error: expect.stringContaining('there is no video') },
      });
      expect(await bench.keys(String(video_key))).toEqual([]);
    } finally {
      await bench.remove();
    }
  });

  test('a large result is there though nobody heard that its upload in parts was complete', async () => {
    const store = await openBucket(s3?.settings ?? (undefined as never), { now: Date.now });
    const { complete } = store.multipart;
    const uploads = new Set<string>();
    const unheard: typeof complete = async (upload) => {
      if (uploads.size === 0) await complete(upload);
      uploads.add(upload.uploadId);
      return complete(upload);
    };
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-large-'));
    try {
      const made = await makeLargeResult(folder);
      const hearing = { ...store, multipart: { ...store.multipart, complete: unheard } };
      const { key } = await saveResult(hearing, 'large', made, { patiently: (work) => work(), signal });
      expect(uploads.size).toBe(2);
      expect(await store.head(key)).toMatchObject({ sizeBytes: LARGE_BYTES });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a large result is not sent on where its job was stopped, and leaves no upload behind', async () => {
    const store = await openBucket(s3?.settings ?? (undefined as never), { now: Date.now });
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-stopped-'));
    try {
      const made = await makeLargeResult(folder);
      const stop = new AbortController();
      const [sent, aborted]: [number[], string[]] = [[], []];
      const multipart: typeof store.multipart = {
        ...store.multipart,
        async presignPart(upload, number, expiry) {
          sent.push(number);
          if (number === 2) stop.abort(new Error('cancelled'));
          return store.multipart.presignPart(upload, number, expiry);
        },
        async abort(upload) {
          await store.multipart.abort(upload);
          aborted.push(upload.uploadId);
        },
      };
      const saved = saveResult({ ...store, multipart }, 'stopped', made, {
        patiently: (work) => work(),
        signal: stop.signal,
      });
      await expect(saved).rejects.toThrow();
      expect([sent, aborted.length]).toEqual([[1, 2], 1]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a part of a large result that the bucket refuses for good is not waited for', async () => {
    const store = await openBucket(s3?.settings ?? (undefined as never), { now: Date.now });
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-refused-'));
    try {
      const made = await makeLargeResult(folder);
      const presignPart: typeof store.multipart.presignPart = async (...asked) => {
        const signed = await store.multipart.presignPart(...asked);
        return { ...signed, url: signed.url.replace(/X-Amz-Signature=\w{8}/, 'X-Amz-Signature=00000000') };
      };
      const forged = { ...store, multipart: { ...store.multipart, presignPart } };
      const saved = saveResult(forged, 'refused', made, { patiently: untilAnswered, signal });
      await expect(saved).rejects.toThrow(/refused by the storage \(403\)/);
      await expect(saved).rejects.not.toHaveProperty('code');
      expect(await store.head('results/job_refused/overlay.mp4')).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
