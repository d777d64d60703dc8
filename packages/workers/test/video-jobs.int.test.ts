import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { asJson, type SequenceResult } from '../src/ergonomics/results/result.ts';
import type { SeenMoment } from '../src/ergonomics/video-jobs/people-source.ts';
import { scorePerson } from '../src/ergonomics/video-jobs/score-person.ts';
import type { StatusRecord } from '../src/ergonomics/video-jobs/status-record.ts';
import { bending } from './video-job-bench.ts';
import { createVideoJobStage } from './video-job-stage.ts';

/** The actions on videos as their callers see them, in a folder and with drawn people. */
const execute = promisify(execFile);
const hasPython = await execute('python3', ['-c', 'import pickle']).then(
  () => true,
  () => false,
);
if (!hasPython) console.warn('SKIPPED: python3 is not installed (Debian: apt-get install python3)');
const stage = createVideoJobStage();
const { open, start, statusOf } = stage;

const tiny = { x_min: 10, y_min: 10, x_max: 20, y_max: 40 };
const textOf = async (key: string) => String(await buffer((await stage.bench.store.get(key)).stream));

describe('a video that is processed', () => {
  test('goes from upload to results, and says so all the time', async () => {
    await open();
    const upload = await stage.bench.act({
      action: 'generate_upload_url',
      filename: '../../Lagerhalle 4.MP4',
    });
    expect(upload).toMatchObject({ status: 'success', expires_in: 3600 });
    expect(upload.video_key).toMatch(/^uploads\/video_[a-z0-9]{32}\.mp4$/);
    const key = await stage.bench.upload();
    const started = await start(key, { quality: 'medium' });
    expect(started).toMatchObject({ status: 'success', message: 'Processing started' });
    expect(started.job_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await statusOf(started.job_id)).toMatchObject({
      status: 'processing',
      state: 'accepted',
      progress: 0,
    });
    const run = await stage.bench.process(started.process_job_id ?? '');
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
    expect(await stage.bench.keys(`status/job_${started.job_id}/`)).toEqual([]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`spillway-video-${process.pid}-`))).toEqual(
      [],
    );
  });

  test.skipIf(!hasPython)('has a pickle that plain CPython reads without importing anything', async () => {
    await open({ seconds: 12 });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    await stage.bench.process(job);
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
    const key = await stage.bench.upload();
    const first = await start(key);
    const second = await start(key, { user_email: 'a@example.com' }, 'start-2');
    expect(second).toMatchObject({
      job_id: first.job_id,
      existing: true,
      process_job_id: first.process_job_id,
    });
    expect(stage.bench.server.jobs.size).toBe(1);
    const other = await start(key, { quality: 'low' }, 'start-3');
    expect(other.job_id).not.toBe(first.job_id);
    await stage.bench.process(first.process_job_id ?? '');
    expect(await start(key)).toMatchObject({ job_id: first.job_id, existing: true });
  });

  test('where no second job can be sent the job that stays open fails with a sentence, as its status does', async () => {
    await open({ seconds: 12, momentAt: () => [] }, { isAlone: true });
    const input = { action: 'start_processing', video_key: await stage.bench.upload() };
    const run = await stage.bench.run(input);
    const nobody = expect.stringMatching(/^Nobody was found in the video\./);
    expect(run).toMatchObject({ status: 'FAILED', error: nobody });
    const { job_id: id } = run.progress[0] as { job_id: string };
    expect(await statusOf(id)).toMatchObject({ status: 'failed', error: nobody });
  });

  test('without a server for second jobs stays one open job, whose progress names it', async () => {
    await open({ seconds: 12 }, { isAlone: true });
    const key = await stage.bench.upload();
    const run = await stage.bench.run({ video_key: key }, { jobId: 'open' });
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
      onSample: (t) => (t >= 15 && stage.bench.people.read.length < 100 ? stop.abort() : undefined),
    });
    stage.bench.server.followUps.submit = async () => undefined;
    const input = { action: 'start_processing', video_key: await stage.bench.upload() };
    expect((await stage.bench.run(input, { jobId: 'open', signal: stop.signal })).status).toBe('CANCELLED');
    const before = stage.bench.people.read.length;
    const again = await stage.bench.run(input, { jobId: 'open', attempt: 2 });
    expect(again).toMatchObject({ status: 'COMPLETED', output: { message: 'Processing completed' } });
    expect(stage.bench.people.read[before]).toBe(10_000);
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
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload(), {
      details: { workplace: 'Hall 3' },
    });
    await stage.bench.process(job);
    const moments = stage.bench.people.read.map((timeMs) => ({ timeMs, people: momentAt(timeMs / 1000) }));
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
    const { result } = scorePerson(moments, 1, 'coco17', settings, stage.bench.people.models, about);
    expect(await textOf(`results/job_${id}/ergonomics.json`)).toBe(JSON.stringify(asJson(result)));
  });

  test('is scored for whoever is meant by a place in the video, however small it is looked at', async () => {
    const momentAt = (t: number) => [
      ...bending(t),
      ...bending(t + 1).map((one) => ({ ...one, id: 2, box: tiny })),
    ];
    await open({ seconds: 12, momentAt });
    const key = await stage.bench.upload();
    const trunkOf = async (person: unknown, jobId: string) => {
      const { job_id: id, process_job_id: job = '' } = await start(key, { person }, jobId);
      const run = await stage.bench.process(job);
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
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    await stage.bench.process(job);
    const ask = (key: string) => stage.bench.act({ action: 'generate_download_url', result_key: key });
    expect(await ask(`results/job_${id}/ergonomics.csv`)).toMatchObject({
      status: 'success',
      expires_in: 86_400,
    });
    for (const key of [`status/job_${id}.json`, '../secret', `results/job_${id}/other.csv`, 'uploads/x.mp4'])
      expect(await ask(key)).toEqual({ status: 'error', error: `result_key: there is no result ${key}` });
  });
});
