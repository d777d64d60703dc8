import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAttemptHooks } from './attempt-hooks.ts';
import { createTestSpill } from './test-spill.ts';

// One endpoint that runs at a RunPod which is played here, and tells the gateway when a job has ended.

function createScene() {
  const there = { status: 'IN_PROGRESS', losesSubmits: false, isAway: false };
  let sleeps = 0;
  const scene = createTestSpill({
    more: { hooks: createAttemptHooks({ publicUrl: 'https://gpu.example.com', secret: 's' }) },
    answer({ operation, id }) {
      if (there.isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      if (operation === 'run' && there.losesSubmits)
        throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
      if (operation === 'run') return { id: 'r1', status: 'IN_QUEUE' };
      if (operation === 'stream') return { status: there.status, stream: [] };
      return operation === 'cancel' ? { id, status: 'CANCELLED' } : { id, status: there.status, output: 1 };
    },
  });
  /** Attempt and code of the address that the first submit carried. */
  const hook = () => {
    const { webhook } = JSON.parse(scene.made('run')[0]?.body ?? '{}') as { webhook: string };
    const [attempt = '', code = ''] = new URL(webhook).pathname.split('/').slice(-2).map(decodeURIComponent);
    return { webhook, attempt, code };
  };
  const { sleep } = scene.clock;
  scene.clock.sleep = (...args) => {
    sleeps += 1;
    return sleep(...args);
  };
  return { ...scene, there, hook, sleeps: () => sleeps };
}

let scene: ReturnType<typeof createScene>;
beforeEach(async () => {
  scene = createScene();
  await scene.spill.start();
});
afterEach(() => scene.stop());

test('a submit carries an address of this gateway with a code that nobody else knows', async () => {
  await scene.engine.submit({});
  await scene.clock.advance(10);
  const { webhook, attempt, code } = scene.hook();
  expect(webhook).toMatch(/^https:\/\/gpu\.example\.com\/v1\/hooks\/runpod\/runpod%3Aep%3A/);
  expect(scene.spill.isHookCode(attempt, code)).toBe(true);
  expect(scene.spill.isHookCode(attempt, `${code.slice(0, -1)}_`)).toBe(false);
  expect(scene.spill.isHookCode(`${attempt}x`, code)).toBe(false);
  expect(scene.spill.isHookCode(attempt, '')).toBe(false);
});

test('when RunPod tells that a job has ended it is asked at once, and its word alone counts for nothing', async () => {
  const job = await scene.engine.submit({});
  await scene.clock.advance(100);
  const { attempt } = scene.hook();
  await scene.spill.noteHook(attempt, 'r1');
  await scene.clock.advance(1);
  expect(scene.made('status')).toHaveLength(1);
  expect((await scene.engine.queue.get(job.id))?.status).toBe('IN_PROGRESS');
  scene.there.status = 'COMPLETED';
  await scene.spill.noteHook(attempt, 'r1');
  await scene.clock.advance(1);
  expect((await scene.engine.queue.get(job.id))?.status).toBe('COMPLETED');
});

test('what RunPod does not tell is found all the same, by polls at most half a minute apart', async () => {
  const job = await scene.engine.submit({});
  await scene.clock.advance(500_000);
  const asked = scene.made('status').length;
  expect(asked).toBeGreaterThan(500_000 / 30_000);
  expect(asked).toBeLessThan(30);
  scene.there.status = 'COMPLETED';
  await scene.clock.advance(31_000);
  expect((await scene.engine.queue.get(job.id))?.status).toBe('COMPLETED');
});

test('a run whose submit was never answered is cancelled when it is told of', async () => {
  scene.there.losesSubmits = true;
  await scene.engine.submit({});
  await scene.clock.advance(10);
  scene.there.losesSubmits = false;
  await scene.clock.advance(1_000);
  const { attempt } = scene.hook();
  expect(scene.made('cancel')).toHaveLength(0);
  await scene.spill.noteHook(attempt, 'forgotten');
  await scene.clock.advance(10);
  expect(scene.made('cancel').map(({ id }) => id)).toEqual(['forgotten']);
  await scene.spill.noteHook(attempt, 'forgotten');
  await scene.clock.advance(20_000);
  expect(scene.made('cancel')).toHaveLength(1);
});

test('while RunPod gets no jobs and none waits, nothing is looked at until one comes', async () => {
  scene.there.losesSubmits = true;
  const job = await scene.engine.submit({});
  await scene.clock.advance(1_000);
  expect(scene.spill.obstacle({ ...job, endpoint: 'echo' })?.message).toContain(
    'none goes to RunPod for now',
  );
  await scene.engine.queue.cancel(job.id);
  await scene.clock.advance(10_000);
  expect(Math.min(...scene.clock.pending())).toBeGreaterThan(1);
  scene.there.losesSubmits = false;
  const next = await scene.engine.submit({});
  scene.there.status = 'COMPLETED';
  await scene.clock.advance(10_000);
  expect((await scene.engine.queue.get(next.id))?.status).toBe('COMPLETED');
});

test('what becomes of attempts there can be followed, and read of one alone', async () => {
  const heard: string[] = [];
  scene.spill.log({ endpoint: 'echo' })?.log.follow(({ line }) => heard.push(line));
  const job = await scene.engine.submit({});
  await scene.clock.advance(10);
  scene.there.status = 'COMPLETED';
  await scene.clock.advance(5_000);
  const { attempt } = scene.hook();
  const lines = scene.spill.log({ workerId: attempt })?.log.tail(10, attempt);
  expect(lines?.map(({ line }) => line)).toEqual(heard);
  expect(heard.map((line) => line.replace(/^\[[^\]]*\] /, ''))).toEqual([
    `job ${job.id} goes to ep: the endpoint has no backend here`,
    `job ${job.id} is r1 there`,
    `job ${job.id} has begun`,
    `job ${job.id} is COMPLETED`,
  ]);
  expect(scene.spill.log({ endpoint: 'another' })).toBeUndefined();
});

test('while nobody waits an endpoint whose RunPod is away is not looked at again and again', async () => {
  scene.there.isAway = true;
  const { id } = await scene.engine.submit({});
  await scene.clock.advance(30_000);
  expect(scene.spill.obstacle({ id, endpoint: 'echo', keyId: undefined })).toMatchObject({ code: 'RUNPOD' });
  await scene.engine.queue.cancel(id);
  // The breaker's time is over, and nobody is there for whose sake it would be asked.
  await scene.clock.advance(150_000);
  const before = scene.sleeps();
  await scene.clock.advance(10_000);
  expect(scene.sleeps() - before).toBeLessThan(20);
  // The next job has it asked again.
  scene.there.isAway = false;
  const next = await scene.engine.submit({});
  await scene.clock.advance(3_000);
  expect((await scene.engine.queue.get(next.id))?.status).toBe('IN_PROGRESS');
});

test('a job at RunPod comes home when its endpoint has no backend there any more after a restart', async () => {
  const left = createTestSpill({ remotes: [], endpoint: { backends: ['process'] }, answer: () => ({}) });
  await left.engine.start(() => false);
  const { id } = await left.engine.submit({});
  const workerId = 'runpod:ep:1';
  await left.engine.queue.place(id, workerId, 40_000);
  const reason = { code: 'QUEUE_DELAY', message: 'it had waited' } as const;
  await left.store.open({
    ...{ workerId, jobId: id, number: 1, endpoint: 'echo', remoteEndpoint: 'ep', reason, state: 'open' },
    routedAt: left.clock.now(),
  });
  await left.store.submitted(workerId, 'r1', left.clock.now());
  await left.spill.start();
  expect(await left.engine.queue.get(id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 0 });
  expect((await left.engine.queue.get(id))?.lease).toBeUndefined();
  expect(left.store.left()).toEqual([]);
  await left.stop();
});

test('the log says once that RunPod gets no jobs and why, and once that it gets them again', async () => {
  const told: string[] = [];
  const tell = (_fields: object, message: string) =>
    void (/go to RunPod/.test(message) && told.push(message));
  const there = { isLosing: true };
  const one = createTestSpill({
    more: { log: { warn: tell, info: tell } },
    answer({ operation, id }) {
      if (there.isLosing) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
      return operation === 'run' ? { id: 'r1', status: 'IN_QUEUE' } : { id, status: 'COMPLETED', output: 1 };
    },
  });
  await one.engine.start(() => false);
  await one.spill.start();
  const { id } = await one.engine.submit({});
  await one.clock.advance(60_000);
  expect(told).toEqual(['no jobs go to RunPod for now: it did not answer (ECONNRESET)']);
  there.isLosing = false;
  await one.clock.advance(300_000);
  expect((await one.engine.queue.get(id))?.status).toBe('COMPLETED');
  await one.engine.submit({});
  await one.clock.advance(1_000);
  expect(told.slice(1)).toEqual(['jobs go to RunPod again']);
  await one.stop();
});

test('a job of which RunPod tells only once it has ended took as long as its handler did', async () => {
  const quick = createTestSpill({
    answer: ({ operation, id }) =>
      operation === 'run'
        ? { id: 'r1', status: 'IN_QUEUE' }
        : { id, status: 'COMPLETED', output: 1, executionTime: 1_500, stream: [] },
  });
  await quick.engine.start(() => false);
  await quick.spill.start();
  const { id } = await quick.engine.submit({});
  await quick.clock.advance(10_000);
  const { status, startedAt = 0, finishedAt = 0 } = (await quick.engine.queue.get(id)) ?? {};
  expect([status, finishedAt - startedAt]).toEqual(['COMPLETED', 1_500]);
  await quick.stop();
});
