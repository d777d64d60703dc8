import { writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type LbGateway, startLbGateway, until } from './lb-gateway.ts';

// Workers that serve HTTP themselves: how they start, are chosen, fail, and are let go.
let lb: LbGateway;
afterEach(() => lb.stop());

const WORKER_ID = 'x-runpod-worker-id';
const touch = (name: string) => writeFileSync(`${lb.folder}/${name}`, '');
/** A request that its worker holds until the file is there. */
const hold = (name: string, headers: Record<string, string> = {}) =>
  lb.call(`/lb/web/hold?until=${lb.folder}/${name}`, { headers });
async function change(settings: object): Promise<void> {
  const body = JSON.stringify(settings);
  const headers = { 'content-type': 'application/json' };
  const changed = await lb.call('/v1/endpoints/web', { method: 'PATCH', body, headers });
  expect(changed.status, await changed.text()).toBe(200);
}
const inProgress = async (count: number) => until(async () => (await lb.health()).jobs.inProgress === count);
const alive = () => lb.gateway && workers().then((all) => all.filter(({ state }) => state !== 'stopped'));
const workers = async () => {
  const { workers } = (await (await lb.call('/v1/workers')).json()) as {
    workers: { id: string; state: string; pid: number; stopReason?: string; problem?: string }[];
  };
  return workers;
};

test('without a worker a request waits until one has started, and the endpoint goes back to none', async () => {
  lb = await startLbGateway(['env: { START_WHEN: FOLDER/go }', 'workers: { idleTimeout: 600s }']);
  expect((await lb.health()).workers).toMatchObject({ initializing: 0, ready: 0 });
  const asked = lb.call('/lb/web/who');
  await until(async () => (await lb.health()).workers.initializing === 1);
  expect((await lb.health()).jobs).toMatchObject({ inQueue: 1, inProgress: 0 });
  touch('go');
  const reply = await asked;
  expect(await reply.text()).toBe(reply.headers.get(WORKER_ID));
  await until(async () => (await lb.health()).jobs.completed === 1);
  expect(await lb.health()).toMatchObject({ jobs: { inQueue: 0 }, workers: { ready: 1 } });
  await change({ workers: { idleTimeoutMs: 1_000 } });
  await until(async () => (await alive()).length === 0);
});

test('requests beyond what a worker takes start another, and go there', async () => {
  lb = await startLbGateway(['workers: { max: 2 }']);
  const both = [hold('done'), hold('done')];
  await inProgress(2);
  expect((await lb.health()).workers).toMatchObject({ running: 2, ready: 2, idle: 0 });
  touch('done');
  const ids = await Promise.all(both.map(async (asked) => (await asked).text()));
  expect(new Set(ids).size).toBe(2);
});

test('when all workers stay busy a request is turned away with the reason', async () => {
  lb = await startLbGateway(['workers: { min: 1, max: 1 }', 'waitTimeout: 300ms']);
  await until(async () => (await lb.health()).workers.ready === 1);
  const first = hold('done');
  await inProgress(1);
  const second = await lb.call('/lb/web/who');
  expect(second.status).toBe(400);
  expect(await second.json()).toMatchObject({
    status: 400,
    error: 'no workers available',
    code: 'NO_WORKERS_AVAILABLE',
    detail: expect.stringContaining('none had room within 0.3 s (1 of 1 workers are ready'),
  });
  touch('done');
  expect((await first).status).toBe(200);
});

test('a request goes to the worker that it names: if it can, strictly, or not at all', async () => {
  lb = await startLbGateway([
    'workers: { min: 2, max: 2, idleTimeout: 60s }',
    'scaling: { type: REQUEST_COUNT }',
  ]);
  await until(async () => (await lb.health()).workers.ready === 2);
  const [one = '', two = ''] = (await alive()).map(({ id }) => id);
  const who = (wish: string) => lb.call('/lb/web/who', { headers: { [WORKER_ID]: wish } });
  for (const id of [one, two, one]) expect(await (await who(id)).text()).toBe(id);
  for (const id of [two, one, two]) expect(await (await who(`strict ${id}`)).text()).toBe(id);
  const busy = hold('done', { [WORKER_ID]: `strict ${one}` });
  await inProgress(1);
  expect(await (await who(one)).text()).toBe(two);
  const strict = who(`strict-resume ${one}`);
  await until(async () => (await lb.health()).jobs.inQueue === 1);
  touch('done');
  expect(await (await busy).text()).toBe(one);
  expect(await (await strict).text()).toBe(one);
  const gone = await who('strict nobody');
  expect(gone.status).toBe(404);
  expect(await gone.json()).toMatchObject({ error: 'affinity_worker_gone', code: 'AFFINITY_WORKER_GONE' });
  expect((await who('nobody')).status).toBe(200);
});

test('a worker that dies in the middle of a request is an error, a cut answer when it had begun, and is replaced', async () => {
  lb = await startLbGateway();
  const dead = await lb.call('/lb/web/die');
  expect(dead.status).toBe(502);
  expect(dead.headers.get(WORKER_ID)).toMatch(/^\w{14}$/);
  expect(await dead.json()).toMatchObject({ code: 'WORKER_UNREACHABLE', title: 'Bad Gateway' });
  const cut = await lb.call('/lb/web/die-midway');
  expect(cut.status).toBe(200);
  expect(cut.headers.get(WORKER_ID)).not.toBe(dead.headers.get(WORKER_ID));
  await expect(cut.text()).rejects.toThrow();
  expect((await lb.call('/lb/web/who')).status).toBe(200);
  await until(async () => (await lb.health()).jobs.completed === 1);
  expect((await lb.health()).jobs).toMatchObject({ failed: 2, inProgress: 0 });
});

test('a worker killed while it waits with a strict request is gone for it', async () => {
  lb = await startLbGateway(['workers: { max: 1 }']);
  const first = hold('never');
  await inProgress(1);
  const [worker] = await alive();
  const strict = lb.call('/lb/web/who', { headers: { [WORKER_ID]: `strict ${worker?.id}` } });
  await until(async () => (await lb.health()).jobs.inQueue === 1);
  process.kill(worker?.pid ?? 0, 'SIGKILL');
  expect((await first).status).toBe(502);
  expect((await strict).status).toBe(404);
});

test.each([500, 204])(
  'a worker whose health check answers %i is out of the rotation until it answers 200',
  async (status) => {
    lb = await startLbGateway(['workers: { max: 1 }']);
    const control = await lb.call(`/lb/web/control?health=${status}&until=${lb.folder}/well`);
    await until(async () => (await lb.health()).workers.unhealthy === 1);
    expect((await lb.health()).workers).toMatchObject({ ready: 0, idle: 0 });
    const asked = lb.call('/lb/web/who');
    await until(async () => (await lb.health()).jobs.inQueue === 1);
    touch('well');
    expect(await (await asked).text()).toBe(control.headers.get(WORKER_ID));
  },
);

test('a request that takes too long is ended, in the worker too', async () => {
  lb = await startLbGateway(['requestTimeout: 1s']);
  const late = await lb.call('/lb/web/hang');
  expect(late.status).toBe(504);
  expect(await late.json()).toMatchObject({
    code: 'REQUEST_TIMEOUT',
    detail: expect.stringContaining('within 1 s'),
  });
  const cut = await lb.call(`/lb/web/hold?started&until=${lb.folder}/never`);
  expect(cut.status).toBe(200);
  await expect(cut.text()).rejects.toThrow();
  await until(async () => Number(await (await lb.call('/lb/web/aborted')).text()) === 1);
});

test('a health port of its own is asked when the endpoint says so', async () => {
  lb = await startLbGateway(['separateHealthPort: true', 'healthCheckPath: /any/path']);
  const env = (await (await lb.call('/lb/web/env')).json()) as Record<string, string>;
  expect(env.PORT).not.toBe(env.PORT_HEALTH);
  expect(env.HEALTH_CHECK_PATH).toBe('/any/path');
});

test('a worker that never listens is ended, and whoever waited is told why', async () => {
  lb = await startLbGateway([
    'env: { START_WHEN: FOLDER/never }',
    'initTimeout: 200ms',
    'waitTimeout: 1500ms',
  ]);
  // The first to ask may be gone before the worker is.
  await until(async () => {
    const reply = await lb.call('/lb/web/who');
    expect(reply.status).toBe(400);
    const { detail } = (await reply.json()) as { detail: string };
    return detail.includes('did not answer its health check with 200 within 0.2 s (initTimeout)');
  });
});

test('a gateway that stops lets open requests end, and takes no more', async () => {
  lb = await startLbGateway();
  const open = lb.call(`/lb/web/hold?started&until=${lb.folder}/done`);
  const reply = await open;
  const waiting = hold('done');
  await until(async () => (await lb.health()).jobs.inQueue === 1);
  const stopped = lb.gateway.stop();
  expect((await waiting).status).toBe(503);
  expect((await lb.call('/lb/web/who')).status).toBe(503);
  touch('done');
  expect(await reply.text()).toBe(`started\n${reply.headers.get(WORKER_ID)}`);
  await stopped;
});

test('a changed limit acts at once on whoever waits', async () => {
  lb = await startLbGateway(['workers: { max: 1 }']);
  const first = hold('done');
  await inProgress(1);
  const second = lb.call('/lb/web/who');
  await until(async () => (await lb.health()).jobs.inQueue === 1);
  await change({ scaling: { type: 'REQUEST_COUNT', requestCount: 2 } });
  expect((await second).status).toBe(200);
  touch('done');
  await first;
});
