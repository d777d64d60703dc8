// Workers that nobody here started connect with a key and take jobs. They outlive their gateway: after kill -9 of it a
// job that was running stays with its worker, which goes on, and its result counts as the first attempt's.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeWorker } from '../harness/node-worker.ts';
import { type PoolWorkerProcess, poolEnvironment, startPoolWorker } from '../harness/pool-worker.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';

const YAML = 'endpoints:\n  far: { backends: [pool] }\n';
// Ends when the test says so.
const WORKER = nodeWorker(`
    const { existsSync } = await import('node:fs');
    context.progress('begun');
    while (job.input.until && !existsSync(job.input.until)) await new Promise((resolve) => setTimeout(resolve, 20));
    return { attempt: context.attempt };
`);

describe('a worker from elsewhere', () => {
  let folder: ReturnType<typeof makeFolder>;
  let gateway: GatewayProcess;
  let workers: PoolWorkerProcess[];
  beforeEach(async () => {
    folder = makeFolder(YAML, { 'worker.mjs': WORKER });
    workers = [];
    gateway = await spawnGateway(folder.path);
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill();
    await gateway.kill();
    folder.remove();
  });

  type Reply = Record<string, unknown> & { id: string; status: string };
  const get = async (path: string) => (await (await gateway.call(path)).json()) as Reply;
  const submit = async (input: object) =>
    ((await (await gateway.call('/v2/far/run', { input })).json()) as Reply).id;
  const ended = (id: string) => get(`/v2/far/status-sync/${id}?wait=60000`);
  /** Delivered, too: a gateway that dies between its record of that and its answer delivers once more. */
  const begun = (id: string) => until(async () => (await get(`/v2/far/status/${id}`)).output === 'begun');
  const shown = async (id: string) => {
    const { workers: all } = (await get('/v1/workers')) as unknown as { workers: Record<string, unknown>[] };
    return all.find((one) => one.id === id);
  };
  async function connect(): Promise<PoolWorkerProcess> {
    const worker = await startPoolWorker(gateway, 'far', [process.execPath, join(folder.path, 'worker.mjs')]);
    workers.push(worker);
    return worker;
  }

  it('takes the jobs that waited for one, says goodbye and is gone', async () => {
    const id = await submit({});
    expect(await get(`/v2/far/status/${id}`)).toMatchObject({
      status: 'IN_QUEUE',
      waitReason: { code: 'NO_POOL_WORKERS', message: expect.stringContaining('spillway pool env far') },
    });
    const worker = await connect();
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', workerId: worker.id });
    expect(await shown(worker.id)).toMatchObject({ backend: 'pool', state: 'idle' });
    expect(await worker.stop()).toBe(0);
    await until(async () => (await shown(worker.id))?.state === 'stopped');
    expect(await shown(worker.id)).toMatchObject({ exit: { problem: 'said goodbye' } });
  });

  it('goes on with its job when the gateway is killed, and its result counts with the next one', async () => {
    const go = join(folder.path, 'go');
    const worker = await connect();
    const id = await submit({ until: go });
    await begun(id);
    const { host } = new URL(gateway.url);
    await gateway.kill();
    gateway = await spawnGateway(folder.path, [], { SPILLWAY_TEST_LISTEN: host });
    expect(await get(`/v2/far/status/${id}`)).toMatchObject({ status: 'IN_PROGRESS', workerId: worker.id });
    writeFileSync(go, '');
    const reply = await ended(id);
    expect(reply).toMatchObject({ status: 'COMPLETED', workerId: worker.id, output: { attempt: 1 } });
    expect(reply.retries).toBeUndefined();
    const next = await submit({});
    expect(await ended(next)).toMatchObject({ status: 'COMPLETED', workerId: worker.id });
  });

  it('keeps its job over an orderly restart too, when the job takes longer than the gateway waits', async () => {
    const go = join(folder.path, 'go');
    const worker = await connect();
    const id = await submit({ until: go });
    await begun(id);
    const { host } = new URL(gateway.url);
    await gateway.stop();
    gateway = await spawnGateway(folder.path, [], { SPILLWAY_TEST_LISTEN: host });
    writeFileSync(go, '');
    expect(await ended(id)).toMatchObject({
      status: 'COMPLETED',
      workerId: worker.id,
      output: { attempt: 1 },
    });
  });
});

it('workers get in by an address of their own, where nothing else is answered', async () => {
  const folder = makeFolder(`workerListen: 127.0.0.1:0\n${YAML}`, {});
  const gateway = await spawnGateway(folder.path);
  const { origin, env } = await poolEnvironment(gateway, 'far');
  expect(origin).not.toBe(gateway.url);
  const headers = { authorization: env.RUNPOD_AI_API_KEY ?? '' };
  expect((await fetch(`${origin}/v2/far/ping/me?gpu=pool`, { headers })).status).toBe(200);
  expect((await fetch(`${origin}/v2/far/ping/me?gpu=pool`)).status).toBe(401);
  for (const path of ['/v2/far/health', '/v1/jobs', '/v2/far/run', '/', '/v2/far/ping/a/b']) {
    const reply = await fetch(`${origin}${path}`, { headers: { authorization: ADMIN_KEY } });
    expect([path, reply.status]).toEqual([path, 404]);
  }
  await gateway.stop();
  folder.remove();
});
