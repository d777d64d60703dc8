import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

// Workers from elsewhere that go on with what was stopped: nobody here can end them, and some never heard of it.

const GRACE_MS = 5_300;

describe('a worker from elsewhere', () => {
  let test: NativeTestApp;
  let key: string;
  beforeEach(async () => {
    test = createNativeTestApp({ backends: ['pool'] });
    await test.start(() => false);
    key = test.key({ scope: 'worker', endpoints: ['echo'] });
  });
  afterEach(async () => {
    // A gateway that stops waits for what its workers hold.
    for (const { wireId } of test.queue.held.of('far')) await done(wireId);
    expect(await test.stop()).toBe(0);
  });

  const as = (path: string) => test.call('GET', `/v2/echo/${path}`, undefined, { as: key });
  const ping = (...ids: string[]) => as(`ping/far?gpu=pool&job_id=${ids.join(',')}`);
  const takeBatch = async (size: number) =>
    (await as(`job-take-batch/far?batch_size=${size}&job_in_progress=0`)).json<{ id: string }[]>();
  const done = (id: string) => test.call('POST', `/v2/echo/job-done/far/${id}`, { output: 1 }, { as: key });
  const cancel = (id: string) => test.call('POST', `/v1/jobs/${id}/cancel`);
  const worker = async () => (await test.call('GET', '/v1/workers/far')).json<Record<string, unknown>>();
  /** Whether a job that waits is given to it. */
  async function getsJobs(): Promise<boolean> {
    const taking = as('job-take/far?job_in_progress=1');
    await test.clock.advance(1_000);
    return (await taking).statusCode === 200;
  }
  /** Two jobs run, one of them was cancelled and goes on, a third one waits. */
  async function stubborn() {
    const jobs = [await test.submit(), await test.submit()];
    expect((await takeBatch(2)).map(({ id }) => id)).toEqual(jobs);
    const [stopped = '', other = ''] = jobs;
    await cancel(stopped);
    await ping(...jobs);
    await test.clock.advance(GRACE_MS);
    const waiting = await test.submit();
    return { stopped, other, waiting };
  }

  it('is not idle before it has stopped its cancelled job', async () => {
    const id = await test.submit();
    await takeBatch(1);
    await cancel(id);
    await ping(id);
    expect(await worker()).toMatchObject({ state: 'running', jobs: 1 });
    const taking = as('job-take/far?job_in_progress=0');
    await test.clock.settle();
    expect(await worker()).toMatchObject({ state: 'idle', jobs: 0 });
    await test.submit();
    expect((await taking).statusCode).toBe(200);
  });

  it('that does not stop a job keeps the others and gets no more, and is shown so', async () => {
    const { stopped, other, waiting } = await stubborn();
    expect(await test.show(other)).toMatchObject({ status: 'IN_PROGRESS', workerId: 'far' });
    expect(await worker()).toMatchObject({
      state: 'unhealthy',
      jobs: 2,
      problem: expect.stringContaining(`does not stop: it goes on with the job ${stopped}`),
    });
    await ping(stopped, other);
    expect(await getsJobs()).toBe(false);
    await done(other);
    expect(await test.show(other)).toMatchObject({ status: 'COMPLETED', workerId: 'far' });
    expect(await test.show(waiting)).toMatchObject({ status: 'IN_QUEUE' });
  });

  it('works again when its pings no longer name what it was to stop', async () => {
    const { other } = await stubborn();
    await ping(other);
    expect(await worker()).toMatchObject({ state: 'running', jobs: 1 });
    expect(await getsJobs()).toBe(true);
  });

  it('works again when it reports the end of what it was to stop, which changes nothing of the job', async () => {
    const { stopped } = await stubborn();
    await done(stopped);
    expect(await worker()).toMatchObject({ state: 'running' });
    expect(await getsJobs()).toBe(true);
    expect(await test.show(stopped)).toMatchObject({ status: 'CANCELLED' });
  });

  it('is told to stop what it names twice though it lost it, and nothing that it holds', async () => {
    const lost = await test.submit();
    expect(await takeBatch(1)).toHaveLength(1);
    await ping();
    await ping();
    await ping();
    expect(await test.show(lost)).toMatchObject({ status: 'IN_QUEUE' });
    const [again] = await takeBatch(1);
    expect(again?.id).toBe(`${lost}-a2`);
    const stop = as('job-stop/far');
    await ping(lost, `${lost}-a2`);
    await ping(lost, `${lost}-a2`);
    expect((await stop).json()).toEqual({ jobsToStop: [lost] });
    await done(`${lost}-a2`);
    expect(await test.show(lost)).toMatchObject({ status: 'COMPLETED' });
  });

  it('is not told to stop a job whose end it has reported, also when it still names it', async () => {
    const id = await test.submit();
    await takeBatch(1);
    await done(id);
    const stop = as('job-stop/far');
    for (let beat = 0; beat < 3; beat += 1) await ping(id);
    await test.clock.advance(25_000);
    expect((await stop).statusCode).toBe(204);
  });

  it.each(['job-take/far?job_in_progress=0', 'job-take-batch/far?batch_size=2', 'job-stop/far'])(
    'whose key was revoked is answered after a second: %s',
    async (path) => {
      for (const { id } of test.keys.list()) test.keys.remove(id);
      let status = 0;
      const refused = as(path).then((reply) => {
        status = reply.statusCode;
      });
      await test.clock.advance(999);
      expect(status).toBe(0);
      await test.clock.advance(1);
      await refused;
      expect(status).toBe(401);
      expect((await as('ping/far')).statusCode).toBe(401);
    },
  );
});
