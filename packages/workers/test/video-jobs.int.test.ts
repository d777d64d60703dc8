import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ArtifactError } from '@spillway/artifacts';
import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, describe, expect, test } from 'vitest';
import { asJson, type SequenceResult } from '../src/ergonomics/results/result.ts';
import type { SeenMoment } from '../src/ergonomics/video-jobs/people-source.ts';
import { scorePerson } from '../src/ergonomics/video-jobs/score-person.ts';
import type { StatusRecord } from '../src/ergonomics/video-jobs/status-record.ts';
import { type Bench, bending, mp4, openBench, type Scene } from './video-job-bench.ts';

/** The actions on videos as their callers see them, in a folder and with drawn people. */
const execute = promisify(execFile);
const hasPython = await execute('python3', ['-c', 'import pickle']).then(
  () => true,
  () => false,
);
let bench: Bench;
afterEach(() => bench.remove());

const open = async (scene: Partial<Scene> = {}, options: Parameters<typeof openBench>[1] = {}) => {
  bench = await openBench({ seconds: 45, momentAt: bending, ...scene }, options);
};
interface Status {
  readonly [name: string]: unknown;
  readonly status: string;
  readonly state: string;
  readonly progress: number;
  readonly error?: string;
  readonly results?: Record<string, string>;
}
const statusOf = async (jobId: unknown) => {
  const { status, job_status } = await bench.act({ action: 'get_status', job_id: jobId });
  expect(status).toBe('success');
  return job_status as unknown as Status;
};
const start = (key: string, more: object = {}, jobId = 'start-1') =>
  bench.act({ action: 'start_processing', video_key: key, ...more }, { jobId }) as Promise<
    Record<string, string>
  >;

const tiny = { x_min: 10, y_min: 10, x_max: 20, y_max: 40 };
const textOf = async (key: string) => String(await buffer((await bench.store.get(key)).stream));

describe('a video that is processed', () => {
  test('goes from upload to results, and says so all the time', async () => {
    await open();
    const upload = await bench.act({ action: 'generate_upload_url', filename: '../../Lagerhalle 4.MP4' });
    expect(upload).toMatchObject({ status: 'success', expires_in: 3600 });
    expect(upload.video_key).toMatch(/^uploads\/video_[a-z0-9]{32}\.mp4$/);
    const key = await bench.upload();
    const started = await start(key, { quality: 'medium' });
    expect(started).toMatchObject({ status: 'success', message: 'Processing started' });
    expect(started.job_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await statusOf(started.job_id)).toMatchObject({
      status: 'processing',
      state: 'accepted',
      progress: 0,
    });
    const run = await bench.process(started.process_job_id ?? '');
    expect(run.status).toBe('COMPLETED');
    const percents = run.progress.map((value) => (value as { percent: number }).percent);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(run.progress).toContainEqual(expect.objectContaining({ segments: { done: 2, total: 4 } }));
    const done = await statusOf(started.job_id);
    expect(done).toMatchObject({
      status: 'completed',
      state: 'completed',
      progress: 100,
      video_name: 'walk.mp4',
    });
    expect(done.result_key).toBe(`results/job_${started.job_id}.pkl`);
    const { results = {} } = done;
    expect(Object.keys(results)).toEqual(
      expect.arrayContaining([
        'json_url',
        'pkl_url',
        'csv_url',
        'excel_url',
        'npz_url',
        'html_url',
        'pdf_url',
      ]),
    );
    for (const name of ['pkl_url', 'csv_url', 'excel_url', 'html_url'])
      expect(existsSync(fileURLToPath(results[name] ?? ''))).toBe(true);
    // Nothing is left of the way there.
    expect(await bench.keys(`status/job_${started.job_id}/`)).toEqual([]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`spillway-video-${process.pid}-`))).toEqual(
      [],
    );
  });

  test.skipIf(!hasPython)('has a pickle that plain CPython reads without importing anything', async () => {
    await open({ seconds: 12 });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    await bench.process(job);
    const { download_url: url } = await statusOf(id);
    const script = `
import pickle, sys
class Builtins(pickle.Unpickler):
    def find_class(self, module, name):
        raise RuntimeError(module + "." + name)
result = Builtins(open(sys.argv[1], "rb")).load()
print(result["schema"], len(result["samples"]["t"]))`;
    const { stdout } = await execute('python3', ['-c', script, fileURLToPath(String(url))]);
    expect(stdout.trim()).toBe('spillway.ergonomics.sequence/1 72');
  });

  test('is the same job for the same video and settings, and another one for others', async () => {
    await open({ seconds: 12 });
    const key = await bench.upload();
    const first = await start(key);
    const second = await start(key, { user_email: 'a@example.com' }, 'start-2');
    expect(second).toMatchObject({
      job_id: first.job_id,
      existing: true,
      process_job_id: first.process_job_id,
    });
    expect(bench.server.jobs.size).toBe(1);
    const other = await start(key, { quality: 'low' }, 'start-3');
    expect(other.job_id).not.toBe(first.job_id);
    await bench.process(first.process_job_id ?? '');
    expect(await start(key)).toMatchObject({ job_id: first.job_id, existing: true });
  });

  test('without a server for second jobs stays one open job, whose progress names it', async () => {
    await open({ seconds: 12 }, { isAlone: true });
    const key = await bench.upload();
    const run = await bench.run({ video_key: key }, { jobId: 'open' });
    expect(run).toMatchObject({
      status: 'COMPLETED',
      output: { status: 'success', message: 'Processing completed' },
    });
    const { job_id: id } = run.progress[0] as { job_id: string };
    expect(await statusOf(id)).toMatchObject({ status: 'completed' });
  });

  test('stays one open job, too, where the server takes no second one, and goes on when that is delivered again', async () => {
    const stop = new AbortController();
    await open({
      seconds: 30,
      onSample: (t) => (t >= 15 && bench.people.read.length < 100 ? stop.abort() : undefined),
    });
    bench.server.followUps.submit = async () => undefined;
    const input = { action: 'start_processing', video_key: await bench.upload() };
    expect((await bench.run(input, { jobId: 'open', signal: stop.signal })).status).toBe('CANCELLED');
    const before = bench.people.read.length;
    const again = await bench.run(input, { jobId: 'open', attempt: 2 });
    expect(again).toMatchObject({ status: 'COMPLETED', output: { message: 'Processing completed' } });
    expect(bench.people.read[before]).toBe(10_000);
  });

  test('has the scores that its moments have by themselves, byte for byte, with gaps and passers-by', async () => {
    const hundredths = (values: readonly number[]) => values.map((value) => Number(value.toFixed(2)));
    const momentAt = (t: number): SeenMoment['people'] => {
      const people = bending(t).map((one) => ({
        ...one,
        keypoints: one.keypoints.map((point, at) => (at === 9 && t > 20 ? null : point && hundredths(point))),
      }));
      if (t > 8 && t < 14) return [];
      return t > 15 ? [{ ...people[0], id: 2, box: tiny, keypoints: [] } as never, ...people] : people;
    };
    await open({ momentAt });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload(), {
      details: { workplace: 'Hall 3' },
    });
    await bench.process(job);
    const moments = bench.people.read.map((timeMs) => ({ timeMs, people: momentAt(timeMs / 1000) }));
    const { settings } = JSON.parse(await textOf(`status/job_${id}.json`)) as StatusRecord;
    const details = {
      video: 'walk.mp4',
      person: 'number 1 of 2 who were seen',
      'looked at': '6 pictures a second (quality medium)',
      analysed: expect.stringMatching(/^\d{1,2} [A-Z]\w+ \d{4}, \d\d:\d\d UTC$/),
      workplace: 'Hall 3',
    };
    const made = JSON.parse(await textOf(`results/job_${id}/ergonomics.json`)) as SequenceResult;
    expect(made.details).toEqual(details);
    const about = { details: made.details };
    const { result } = scorePerson(moments, 1, 'coco17', settings, bench.people.models, about);
    expect(await textOf(`results/job_${id}/ergonomics.json`)).toBe(JSON.stringify(asJson(result)));
  });

  test('is scored for whoever is meant by a place in the video, however small it is looked at', async () => {
    const momentAt = (t: number) => [
      ...bending(t),
      ...bending(t + 1).map((one) => ({ ...one, id: 2, box: tiny })),
    ];
    await open({ seconds: 12, momentAt });
    const key = await bench.upload();
    const trunkOf = async (person: unknown, jobId: string) => {
      const { job_id: id, process_job_id: job = '' } = await start(key, { person }, jobId);
      const run = await bench.process(job);
      if (run.status !== 'COMPLETED') return run.error;
      const { samples } = JSON.parse(await textOf(`results/job_${id}/ergonomics.json`)) as {
        samples: { trunk_flexion: number[] };
      };
      return samples.trunk_flexion;
    };
    const second = await trunkOf(2, 'start-1');
    expect(await trunkOf(1, 'start-2')).not.toEqual(second);
    expect(await trunkOf({ at: [60, 100], t: 3 }, 'start-3')).toEqual(second);
    expect(await trunkOf({ at: [3000, 100], t: 3 }, 'start-4')).toBe(
      'Nobody is at 3000, 100 at 3 s. There are: 1 (1600, 2000), 2 (60, 100).',
    );
  });

  test('can be fetched result by result, and nothing else can', async () => {
    await open({ seconds: 12 });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    await bench.process(job);
    const ask = (key: string) => bench.act({ action: 'generate_download_url', result_key: key });
    expect(await ask(`results/job_${id}/ergonomics.csv`)).toMatchObject({
      status: 'success',
      expires_in: 86_400,
    });
    for (const key of [`status/job_${id}.json`, '../secret', `results/job_${id}/other.csv`, 'uploads/x.mp4'])
      expect(await ask(key)).toEqual({ status: 'error', error: `result_key: there is no result ${key}` });
  });
});

describe('an interrupted job', () => {
  test('goes on behind its last finished segment, in another attempt, with the same people', async () => {
    const stop = new AbortController();
    await open({ onSample: (t) => (t >= 25 && bench.people.read.length < 200 ? stop.abort() : undefined) });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    expect((await bench.process(job, { signal: stop.signal })).status).toBe('CANCELLED');
    expect(await statusOf(id)).toMatchObject({ status: 'processing' });
    expect(await bench.keys(`status/job_${id}/`)).toHaveLength(2);
    const before = bench.people.read.length;
    const again = await bench.process(job, { attempt: 2 });
    expect(again.status).toBe('COMPLETED');
    expect(bench.people.read[before]).toBe(20_000);
    // In one go each, though there are four segments.
    expect(bench.people.starts).toEqual([0, 20_000]);
    // 45 s at six a second, each seen once in what was scored.
    const { results = {} } = await statusOf(id);
    const csv = await readFile(fileURLToPath(results.csv_url ?? ''), 'utf8');
    expect(csv.trimEnd().split('\n')).toHaveLength(1 + 45 * 6);
  });

  test('is written by its newest attempt only: one that was thought dead is fenced off', async () => {
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let isFirst = true;
    const clock = createManualClock();
    await open(
      {
        async onSample(t) {
          if (t < 15 || !isFirst) return;
          isFirst = false;
          reached.resolve();
          await goOn.promise;
        },
      },
      { clock },
    );
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    const late = bench.process(job);
    await reached.promise;
    const second = await bench.processElsewhere(job, { attempt: 2 });
    expect(second.status).toBe('COMPLETED');
    goOn.resolve();
    await late;
    expect(await statusOf(id)).toMatchObject({ status: 'completed', progress: 100 });
  });

  test('that was lost for good is failed as soon as somebody asks, and starts again from its segments', async () => {
    const stop = new AbortController();
    await open({ onSample: (t) => (t >= 25 && bench.people.read.length < 200 ? stop.abort() : undefined) });
    const key = await bench.upload();
    const { job_id: id, process_job_id: job = '' } = await start(key);
    await bench.process(job, { signal: stop.signal });
    const state = { status: 'FAILED', error: 'job timed out after 1 retries: the worker was lost' };
    Object.assign(bench.server.jobs.get(job) ?? {}, { state });
    expect(await statusOf(id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('the worker was lost'),
    });
    const again = await start(key, {}, 'start-2');
    expect(again).toMatchObject({ job_id: id, message: 'Processing started' });
    const before = bench.people.read.length;
    expect((await bench.process(again.process_job_id ?? '')).status).toBe('COMPLETED');
    expect(bench.people.read[before]).toBe(20_000);
  });

  test('whose worker was lost after the end was written is done', async () => {
    await open({ seconds: 12 });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    await bench.process(job);
    const again = await bench.process(job, { attempt: 2 });
    expect(again).toMatchObject({
      status: 'COMPLETED',
      output: { job_status: { status: 'completed', job_id: id } },
    });
  });

  test('is failed after minutes without a sign of life where nobody can tell', async () => {
    const clock = createManualClock();
    await open({}, { clock });
    const { job_id: id } = await start(await bench.upload());
    bench.server.jobs.clear();
    expect(await statusOf(id)).toMatchObject({ status: 'processing' });
    await clock.advance(301_000);
    expect(await statusOf(id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('no sign of life'),
    });
  });

  test('that the server cancelled is cancelled as soon as somebody asks, and leaves no segments', async () => {
    const stop = new AbortController();
    await open({ onSample: (t) => (t >= 25 ? stop.abort() : undefined) });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    await bench.process(job, { signal: stop.signal });
    expect(await bench.keys(`status/job_${id}/`)).toHaveLength(2);
    await bench.server.followUps.cancel(job);
    expect(await statusOf(id)).toMatchObject({ status: 'failed', state: 'cancelled' });
    expect(await bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('that is cancelled stops, and leaves neither segments nor results', async () => {
    let cancelled: Promise<unknown> | undefined;
    const ids = { job: '' };
    const clock = createManualClock();
    await open(
      {
        async onSample(t) {
          if (t < 15 || t >= 40) return;
          cancelled ??= bench.act({ action: 'cancel_processing', job_id: ids.job });
          await cancelled;
          // The status is written every two seconds, and then it is seen.
          await clock.advance(2_000);
        },
      },
      { clock },
    );
    const { job_id: id = '', process_job_id: job = '' } = await start(await bench.upload());
    ids.job = id;
    const run = await bench.process(job);
    expect(run).toMatchObject({ status: 'FAILED', error: 'The processing was cancelled.' });
    expect(await statusOf(id)).toMatchObject({ status: 'failed', state: 'cancelled' });
    expect(await bench.keys(`status/job_${id}/`)).toEqual([]);
    expect(await bench.keys('results/')).toEqual([]);
  });
});

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
    expect(await bench.act(input)).toEqual({ status: 'error', error });
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

  test('what one key uploaded, started or got is good for no other key, in any action', async () => {
    await open({ seconds: 4 });
    const as = (submitter: string) => (input: Record<string, unknown>) =>
      bench.act(input, { submitter }) as Promise<Record<string, string>>;
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

    const video_key = await bench.upload(mp4(), 'walk.mp4', { submitter: 'k1' });
    const start = { action: 'start_processing', video_key };
    expect((await other(start)).error).toContain('there is no video');
    const { job_id, process_job_id: job = '' } = await mine(start);
    await bench.process(job, { submitter: 'k1' });
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
    const key = await bench.upload(bytes);
    expect((await start(key)).error).toContain(sentence);
    expect(await bench.keys('uploads/')).toEqual([]);
    expect(bench.server.jobs.size).toBe(0);
  });

  test('a video over the limit is refused with both sizes', async () => {
    await open({}, { env: { VIDEO_MAX_GB: '0.0000001' } });
    expect((await start(await bench.upload(mp4()))).error).toMatch(/The video has .* at most .* are taken/);
    const asked = { action: 'create_multipart_upload', filename: 'a.mp4', size_bytes: 10_000 };
    expect((await bench.act(asked)).error).toContain('VIDEO_MAX_GB');
  });

  test('a name that is no video gets no URL', async () => {
    await open();
    const { status, error } = await bench.act({ action: 'generate_upload_url', filename: 'notes.txt' });
    expect([status, error]).toEqual(['error', expect.stringContaining('.mp4, .avi, .mov, .mkv, .webm')]);
  });

  test('a setting that does not exist is told by its name', async () => {
    await open();
    const { error } = await start(await bench.upload(), { quality: 'best' });
    expect(error).toContain('quality: expected "low", "medium", "high", "ultra"');
  });

  test('a video with nobody in it fails with the reason, and leaves nothing', async () => {
    await open({ seconds: 12, momentAt: () => [] });
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    const run = await bench.process(job);
    expect(run).toMatchObject({ status: 'FAILED', error: 'Nobody was found in the video.' });
    expect(await statusOf(id)).toMatchObject({ status: 'failed', error: 'Nobody was found in the video.' });
    expect(await bench.keys(`status/job_${id}/`)).toEqual([]);
    expect(await bench.keys('results/')).toEqual([]);
  });

  test.each([
    ['medium', 9, 'The video is 9.0 hours long; at most 8 are taken (VIDEO_MAX_HOURS).'],
    ['ultra', 4, 'The video is 4.0 hours long; of quality "ultra" at most 3.7 are scored.'],
  ])(
    'of quality %s a video of %i hours is too long, and told so at once',
    async (quality, hours, sentence) => {
      await open({ seconds: hours * 3600 });
      const { job_id: id, process_job_id: job = '' } = await start(await bench.upload(), { quality });
      await bench.process(job);
      expect((await statusOf(id)).error).toContain(sentence);
      expect(bench.people.read).toEqual([]);
    },
  );

  test('results that the store has no room for fail the job with its reason, and none of them stays', async () => {
    await open({ seconds: 12 });
    const { store } = bench;
    const { put } = store;
    const refusal = new ArtifactError('STORAGE_FULL', 'all artifacts may have 5 GB; have some deleted');
    store.put = async (key, ...more) => {
      if (key.endsWith('ergonomics.pdf')) throw refusal;
      return put(key, ...more);
    };
    const { job_id: id, process_job_id: job = '' } = await start(await bench.upload());
    const run = await bench.process(job);
    const error = `The processing failed: ${refusal.message}`;
    expect([run.status, await statusOf(id)]).toMatchObject(['FAILED', { status: 'failed', error }]);
    expect(await bench.keys('results/')).toEqual([]);
  });

  test('a process action of a stranger is refused', async () => {
    await open({ seconds: 12 });
    const { job_id: id } = await start(await bench.upload());
    const run = await bench.run({ action: 'process', job_id: id, token: 'guessed' });
    expect(run).toMatchObject({ status: 'FAILED', error: expect.stringContaining('another start') });
    expect(await statusOf(id)).toMatchObject({ state: 'accepted' });
  });
});
