import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ArtifactError } from '@spillway/artifacts';
import { createManualClock } from '@spillway/sdk/clock';
import { describe, expect, test } from 'vitest';
import { createVideoJobStage } from './video-job-stage.ts';

/** Video jobs whose worker, storage or caller stops in the middle. */
const stage = createVideoJobStage();
const { open, start, statusOf } = stage;

const textOf = async (key: string) => String(await buffer((await stage.bench.store.get(key)).stream));

describe('an interrupted job', () => {
  test('goes on behind its last finished segment, in another attempt, with the same people', async () => {
    const stop = new AbortController();
    await open({
      onSample: (t) => (t >= 25 && stage.bench.people.read.length < 200 ? stop.abort() : undefined),
    });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    expect((await stage.bench.process(job, { signal: stop.signal })).status).toBe('CANCELLED');
    expect(await statusOf(id)).toMatchObject({ status: 'processing' });
    expect(await stage.bench.keys(`status/job_${id}/`)).toHaveLength(2);
    const before = stage.bench.people.read.length;
    const again = await stage.bench.process(job, { attempt: 2 });
    expect(again.status).toBe('COMPLETED');
    expect(stage.bench.people.read[before]).toBe(20_000);
    // In one go each, though there are four segments.
    expect(stage.bench.people.starts).toEqual([0, 20_000]);
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
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const late = stage.bench.process(job);
    await reached.promise;
    const second = await stage.bench.processElsewhere(job, { attempt: 2 });
    expect(second.status).toBe('COMPLETED');
    goOn.resolve();
    await late;
    expect(await statusOf(id)).toMatchObject({ status: 'completed', progress: 100 });
  });

  test('that was lost for good is failed as soon as somebody asks, and starts again from its segments', async () => {
    const stop = new AbortController();
    await open({
      onSample: (t) => (t >= 25 && stage.bench.people.read.length < 200 ? stop.abort() : undefined),
    });
    const key = await stage.bench.upload();
    const { job_id: id, process_job_id: job = '' } = await start(key);
    await stage.bench.process(job, { signal: stop.signal });
    const state = { status: 'FAILED', error: 'job timed out after 1 retries: the worker was lost' };
    Object.assign(stage.bench.server.jobs.get(job) ?? {}, { state });
    expect(await statusOf(id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('the worker was lost'),
    });
    const again = await start(key, {}, 'start-2');
    expect(again).toMatchObject({ job_id: id, message: 'Processing started' });
    const before = stage.bench.people.read.length;
    expect((await stage.bench.process(again.process_job_id ?? '')).status).toBe('COMPLETED');
    expect(stage.bench.people.read[before]).toBe(20_000);
  });

  test('whose storage is away for minutes waits for it, and has all its results', async () => {
    const clock = createManualClock();
    await open({ seconds: 12 }, { clock });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const { put } = stage.bench.store;
    let refused = 0;
    Object.assign(stage.bench.store, {
      put: async (...args: Parameters<typeof put>) => {
        const [key] = args;
        // A segment, and then one of the results.
        const isMet = key.includes('segment_00000') || key.endsWith('.pdf');
        if (!isMet || refused++ % 4 === 3) return put(...args);
        queueMicrotask(() => void clock.advance(15_000));
        throw new ArtifactError('STORAGE_UNAVAILABLE', 'the bucket is away');
      },
    });
    expect((await stage.bench.process(job)).status).toBe('COMPLETED');
    expect(refused).toBe(8);
    const { results = {} } = await statusOf(id);
    const pdf = await readFile(fileURLToPath(results.pdf_url ?? ''), 'latin1');
    expect(pdf.startsWith('%PDF-')).toBe(true);
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('whose end can not be written fails with the reason all the same, and its status says it later', async () => {
    const clock = createManualClock();
    await open({ seconds: 12, momentAt: () => [] }, { clock });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const { put } = stage.bench.store;
    let isAway = true;
    Object.assign(stage.bench.store, {
      put: async (...args: Parameters<typeof put>) => {
        const isAtEnd = stage.bench.people.read.length === 12 * 6;
        if (!isAway || !isAtEnd || args[0] !== `status/job_${id}.json`) return put(...args);
        queueMicrotask(() => void clock.advance(15_000));
        throw new ArtifactError('STORAGE_UNAVAILABLE', 'the bucket is away');
      },
    });
    const nobody = expect.stringContaining('Nobody was found');
    expect(await stage.bench.process(job)).toMatchObject({ status: 'FAILED', error: nobody });
    isAway = false;
    expect(await statusOf(id)).toMatchObject({ status: 'failed', error: nobody });
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('that is done is so as a job, too, where the storage is away just then', async () => {
    const clock = createManualClock();
    await open({ seconds: 12 }, { clock });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const { head } = stage.bench.store;
    let refused = 0;
    Object.assign(stage.bench.store, {
      head: async (key: string) => {
        if (!key.startsWith('results/') || refused++ > 0) return head(key);
        queueMicrotask(() => void clock.advance(15_000));
        throw new ArtifactError('STORAGE_UNAVAILABLE', 'the bucket is away');
      },
    });
    const run = await stage.bench.process(job);
    expect([run.status, refused > 1]).toEqual(['COMPLETED', true]);
    expect(await statusOf(id)).toMatchObject({ status: 'completed' });
  });

  test('that is done stays so where its segments can not be deleted', async () => {
    await open({ seconds: 12 });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    const { delete: remove } = stage.bench.store;
    let isAway = true;
    Object.assign(stage.bench.store, {
      delete: async (key: string) => {
        if (!isAway) return remove(key);
        isAway = false;
        throw new ArtifactError('STORAGE_UNAVAILABLE', 'the bucket is away');
      },
    });
    expect((await stage.bench.process(job)).status).toBe('COMPLETED');
    const { results = {} } = await statusOf(id);
    await readFile(fileURLToPath(results.pdf_url ?? ''));
    // Delivered again, it clears up.
    expect((await stage.bench.process(job, { attempt: 2 })).status).toBe('COMPLETED');
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('whose worker was lost after the end was written is done', async () => {
    await open({ seconds: 12 });
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    await stage.bench.process(job);
    const again = await stage.bench.process(job, { attempt: 2 });
    expect(again).toMatchObject({
      status: 'COMPLETED',
      output: { job_status: { status: 'completed', job_id: id } },
    });
  });

  test('is failed after minutes without a sign of life where nobody can tell', async () => {
    const clock = createManualClock();
    await open({}, { clock });
    const { job_id: id } = await start(await stage.bench.upload());
    stage.bench.server.jobs.clear();
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
    const { job_id: id, process_job_id: job = '' } = await start(await stage.bench.upload());
    await stage.bench.process(job, { signal: stop.signal });
    expect(await stage.bench.keys(`status/job_${id}/`)).toHaveLength(2);
    await stage.bench.server.followUps.cancel(job);
    expect(await statusOf(id)).toMatchObject({ status: 'failed', state: 'cancelled' });
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('that is cancelled while a segment is being kept does not leave it', async () => {
    const stop = new AbortController();
    let id = '';
    await open({
      async onSample(t) {
        if (t < 25 || stop.signal.aborted) return;
        await stage.bench.act({ action: 'cancel_processing', job_id: id });
        stop.abort();
        // As a segment that was under way comes to lie there behind the cancellation.
        const bytes = Buffer.from('late');
        const late = { mediaType: 'application/gzip', sizeBytes: bytes.length };
        await stage.bench.store.put(`status/job_${id}/segment_00002.json.gz`, Readable.from([bytes]), late);
      },
    });
    const { job_id = '', process_job_id: job = '' } = await start(await stage.bench.upload());
    id = job_id;
    await stage.bench.process(job, { signal: stop.signal });
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('whose server cancels it says so without being asked, and leaves no segments', async () => {
    const stop = new AbortController();
    let job = '';
    await open({
      async onSample(t) {
        if (t < 25) return;
        await stage.bench.server.followUps.cancel(job);
        stop.abort();
      },
    });
    const started = await start(await stage.bench.upload());
    const id = started.job_id ?? '';
    job = started.process_job_id ?? '';
    await stage.bench.process(job, { signal: stop.signal });
    expect(JSON.parse(await textOf(`status/job_${id}.json`))).toMatchObject({ status: 'cancelled' });
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
  });

  test('that is cancelled stops, and leaves neither segments nor results', async () => {
    let cancelled: Promise<unknown> | undefined;
    const ids = { job: '' };
    const clock = createManualClock();
    await open(
      {
        async onSample(t) {
          if (t < 15 || t >= 40) return;
          cancelled ??= stage.bench.act({ action: 'cancel_processing', job_id: ids.job });
          await cancelled;
          // The status is written every two seconds, and then it is seen.
          await clock.advance(2_000);
        },
      },
      { clock },
    );
    const { job_id: id = '', process_job_id: job = '' } = await start(await stage.bench.upload());
    ids.job = id;
    const run = await stage.bench.process(job);
    expect(run).toMatchObject({ status: 'FAILED', error: 'The processing was cancelled.' });
    expect(await statusOf(id)).toMatchObject({ status: 'failed', state: 'cancelled' });
    expect(await stage.bench.keys(`status/job_${id}/`)).toEqual([]);
    expect(await stage.bench.keys('results/')).toEqual([]);
  });
});
