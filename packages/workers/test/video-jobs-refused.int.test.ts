import { ArtifactError } from '@spillway/artifacts';
import { describe, expect, test } from 'vitest';
import { mp4 } from './video-job-bench.ts';
import { createVideoJobStage } from './video-job-stage.ts';

/** What the actions on videos don't take, and what they say to it. */
const stage = createVideoJobStage();
const { open, start, statusOf } = stage;

describe('bad input', () => {
  const wrong: [string, Record<string, unknown>, string][] = [
    ['no video', { action: 'start_processing' }, 'video_key is required'],
    ['no action and no video', {}, 'video_key is required'],
    ['no job', { action: 'get_status' }, 'job_id is required'],
    [
      'an unknown job',
      { action: 'get_status', job_id: '00000000-0000-8000-8000-000000000000' },
      'Job not found',
    ],
    ['a path for a job', { action: 'get_status', job_id: '../../x' }, 'Job not found'],
    ['no result', { action: 'generate_download_url' }, 'result_key is required'],
    ['an unknown action', { action: 'dance' }, 'Unknown action: dance'],
  ];
  test.each(wrong)('%s is told inside the output', async (_name, input, error) => {
    await open();
    expect(await stage.bench.act(input)).toEqual({ status: 'error', error });
  });

  const keys = [
    'uploads/other.mp4',
    '../etc/passwd',
    'results/job_1.pkl',
    `uploads/video_${'a'.repeat(32)}.exe`,
  ];
  test.each(keys)('the key %s is none that was issued', async (key) => {
    await open();
    const { error } = await start(key);
    expect(error).toContain('is none that this service issued');
  });

  test('a key that was issued, but not to here, or without its upload, has no video', async () => {
    await open();
    const { error } = await start(`uploads/video_${'a'.repeat(32)}.mp4`);
    expect(error).toContain('there is no video');
  });

  test.each(['uploads/', 'status/'])(
    'a storage that breaks off while it is looked at (%s) is a sentence, too',
    async (what) => {
      await open();
      const key = await stage.bench.upload();
      const { get } = stage.bench.store;
      Object.assign(stage.bench.store, {
        async get(...asked: Parameters<typeof get>) {
          const found = await get(...asked);
          if (asked[0].startsWith(what)) found.stream.destroy(new TypeError('terminated'));
          return found;
        },
      });
      expect(await start(key)).toEqual({
        status: 'error',
        error: 'the connection to the storage broke off (terminated)',
      });
    },
  );

  test('a page begins no upload here, past what its token may', async () => {
    await open();
    for (const action of ['generate_upload_url', 'create_multipart_upload']) {
      const wanted = { action, filename: 'a.mp4', size_bytes: 100 };
      const refused = await stage.bench.act(wanted, { submitter: 'k1/v1' });
      expect(refused).toEqual({ status: 'error', error: expect.stringContaining('POST /v1/artifacts') });
      expect(await stage.bench.act(wanted, { submitter: 'k1' })).toMatchObject({ status: 'success' });
    }
  });

  test('what one key uploaded, started or got is good for no other key, in any action', async () => {
    await open({ seconds: 4 });
    const as = (submitter: string) => (input: Record<string, unknown>) =>
      stage.bench.act(input, { submitter }) as Promise<Record<string, string>>;
    const [mine, other, admin] = [as('k1'), as('k2'), as('admin')];
    const plan = { action: 'create_multipart_upload', filename: 'a.mp4', size_bytes: 100 };
    const { video_key: begun, upload_id } = await mine(plan);
    for (const action of [
      'list_parts',
      'complete_multipart_upload',
      'abort_multipart_upload',
      'sign_parts',
    ]) {
      const { error } = await other({ action, video_key: begun, upload_id, part_numbers: [1] });
      expect(error).toContain('there is no such upload');
    }
    expect(await mine({ action: 'list_parts', video_key: begun, upload_id })).toMatchObject({ parts: [] });

    const video_key = await stage.bench.upload(mp4(), 'walk.mp4', { submitter: 'k1' });
    const start = { action: 'start_processing', video_key };
    expect((await other(start)).error).toContain('there is no video');
    const { job_id, process_job_id: job = '' } = await mine(start);
    await stage.bench.process(job, { submitter: 'k1' });
    const status = { action: 'get_status', job_id };
    const { job_status } = (await mine(status)) as unknown as { job_status: { result_key: string } };
    const download = { action: 'generate_download_url', result_key: job_status.result_key };
    expect((await other(status)).error).toBe('Job not found');
    expect((await other({ action: 'cancel_processing', job_id })).error).toBe('Job not found');
    expect((await other(download)).error).toContain('there is no result');
    expect((await other(start)).error).toContain('there is no video');
    for (const by of [mine, admin]) {
      expect(await by(download)).toMatchObject({ status: 'success' });
      expect(await by(start)).toMatchObject({ status: 'success', job_id });
    }
  });

  test.each([
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n0000000000', 'latin1'), 'it is a PNG picture'],
    [
      'text',
      Buffer.from('not a video, just some text'),
      'its first bytes are those of no known video format',
    ],
    ['nothing', Buffer.alloc(0), 'The video is empty'],
  ])('%s is refused before anything is started, and not kept', async (_name, bytes, sentence) => {
    await open();
    const key = await stage.bench.upload(bytes);
    expect((await start(key)).error).toContain(sentence);
    expect(await stage.bench.keys('uploads/')).toEqual([]);
    expect(stage.bench.server.jobs.size).toBe(0);
  });

  test('a video over the limit is refused with both sizes', async () => {
    await open({}, { env: { VIDEO_MAX_GB: '0.0000001' } });
    expect((await start(await stage.bench.upload(mp4()))).error).toMatch(
      /The video has .* at most .* are taken/,
    );
    const asked = { action: 'create_multipart_upload', filename: 'a.mp4', size_bytes: 10_000 };
    expect((await stage.bench.act(asked)).error).toContain('VIDEO_MAX_GB');
  });

  test('a name that is no video gets no URL', async () => {
    await open();
    const { status, error } = await stage.bench.act({ action: 'generate_upload_url', filename: 'notes.txt' });
    expect([status, error]).toEqual(['error', expect.stringContaining('.mp4, .avi, .mov, .mkv, .webm')]);
  });

  test('a setting that does not exist is told by its name', async () => {
    await open();
    const { error } = await start(await stage.bench.upload(), { quality: 'best' });
    expect(error).toContain('quality: expected "low", "medium", "high", "ultra"');
  });

  test('a field that does not exist is told in a warning', async () => {
    await open({ seconds: 4 });
    const { status, warnings } = await start(await stage.bench.upload(), {
      qualty: 'low',
      user_email: 'a@example.com',
    });
    const told = expect.stringMatching(/^there is no field "qualty", which was ignored; .* quality,/);
    expect([status, warnings]).toEqual(['success', [told]]);
  });

  test('a video with nobody in it fails with the reason, and leaves nothing', async () => {
    await open({ seconds: 12, momentAt: () => [] });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const run = await stage.bench.process(job);
    const error = expect.stringMatching(/^Nobody was found in the video\. .*demo models \(drawn\)/);
    expect(run).toMatchObject({ status: 'FAILED', error });
    expect(await statusOf(id)).toMatchObject({ status: 'failed', error: run.error });
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
    expect(await stage.bench.keys('results/')).toEqual([]);
  });

  test.each([
    ['medium', 9, 'The video is 9.0 hours long; at most 8 are taken (VIDEO_MAX_HOURS).'],
    ['ultra', 4, 'The video is 4.0 hours long; of quality "ultra" at most 3.7 are scored.'],
  ])(
    'of quality %s a video of %i hours is too long, and told so at once',
    async (quality, hours, sentence) => {
      await open({ seconds: hours * 3600 });
      const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload(), { quality });
      await stage.bench.process(job);
      expect((await statusOf(id)).error).toContain(sentence);
      expect(stage.bench.people.read).toEqual([]);
    },
  );

  test('a full disk of the worker is told as that, with what to do, and without a trace', async () => {
    await open({
      seconds: 12,
      onSample() {
        throw new Error('ENOSPC: no space left on device, write');
      },
    });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const { error } = await stage.bench.process(job);
    expect(error).toMatch(/^the disk of the worker is full: .* TMPDIR$/);
    expect((await statusOf(id)).error).toBe(
      `The processing failed: ${error}. Start it again when that is mended; it goes on behind its last segment.`,
    );
  });

  test('results that the store has no room for fail the job with its reason, and none of them stays', async () => {
    await open({ seconds: 12 });
    const { store } = stage.bench;
    const { put } = store;
    const refusal = new ArtifactError('STORAGE_FULL', 'all artifacts may have 5 GB; have some deleted');
    store.put = async (key, ...more) => {
      if (key.endsWith('ergonomics.pdf')) throw refusal;
      return put(key, ...more);
    };
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const run = await stage.bench.process(job);
    const error = `The processing failed: ${refusal.message}`;
    expect([run.status, await statusOf(id)]).toMatchObject(['FAILED', { status: 'failed', error }]);
    expect(await stage.bench.keys('results/')).toEqual([]);
  });

  test('a process action of a stranger is refused', async () => {
    await open({ seconds: 12 });
    const { job_id: id } = await start(await stage.bench.upload());
    const run = await stage.bench.run({ action: 'process', job_id: id, token: 'guessed' });
    expect(run).toMatchObject({ status: 'FAILED', error: expect.stringContaining('another start') });
    expect(await statusOf(id)).toMatchObject({ state: 'accepted' });
  });
});
