// What a gateway knew of workers from elsewhere and its successor must not have forgotten: whose their ids are, and what
// they were to stop. A worker that was frozen until its job went back to the queue is told to stop its attempt, too.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeWorker } from '../harness/node-worker.ts';
import { type PoolWorkerProcess, poolEnvironment, startPoolWorker } from '../harness/pool-worker.ts';

// Waited for twice, and longer than a busy machine or its disk holds anybody up.
const YAML = 'lease: { duration: 10s, heartbeat: 200ms }\nendpoints:\n  far: { backends: [pool] }\n';
// Its first attempt ends only when it is told to stop.
const WORKER = nodeWorker(`
    if (context.attempt === 1) await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return { attempt: context.attempt };
`);

let folder: ReturnType<typeof makeFolder>;
let gateway: GatewayProcess;
beforeEach(async () => {
  folder = makeFolder(YAML, { 'worker.mjs': WORKER });
  gateway = await spawnGateway(folder.path);
});
afterEach(async () => {
  await gateway.kill();
  folder.remove();
});

type Reply = Record<string, unknown> & { id: string; status: string };
const get = async (path: string) => (await (await gateway.call(path)).json()) as Reply;
const submit = async () => ((await (await gateway.call('/v2/far/run', { input: {} })).json()) as Reply).id;

async function killAndRestart(): Promise<void> {
  await gateway.kill();
  gateway = await spawnGateway(folder.path);
}

/** A worker that the test plays, with the key of one that was asked for. */
async function playWorker() {
  const { workerId, env } = await poolEnvironment(gateway, 'far');
  const key = env.RUNPOD_AI_API_KEY ?? '';
  const call = (path: string, json?: unknown) =>
    gateway.call(`/v2/far/${path}`, json, { authorization: key });
  return {
    id: workerId,
    call,
    ping: (jobIds: string, as = workerId) => call(`ping/${as}?gpu=pool&job_id=${jobIds}`),
    async take() {
      const reply = await call(`job-take/${workerId}?gpu=pool&job_in_progress=0`);
      return ((await reply.json()) as { id: string }).id;
    },
  };
}

/** Ids of workers in the gateway's file. */
function knownIds(): string[] {
  const db = new DatabaseSync(join(folder.path, 'data', 'jobs.db'), { readOnly: true });
  const rows = db.prepare('SELECT worker_id FROM pool_workers').all();
  db.close();
  return rows.map((row) => String(row.worker_id));
}

describe('after kill -9 of its gateway', () => {
  it('a worker’s id stays with its key while its job runs, and is free when it has gone', async () => {
    const [mine, other] = [await playWorker(), await playWorker()];
    const id = await submit();
    expect(await mine.take()).toBe(id);
    await until(() => knownIds().includes(mine.id));
    await killAndRestart();

    const stolen = await other.call(`job-done/${mine.id}/${id}`, { output: 'stolen' });
    expect(stolen.status).toBe(403);
    expect(await stolen.json()).toMatchObject({ detail: expect.stringContaining('with another key') });
    expect((await other.ping('', mine.id)).status).toBe(403);
    expect((await mine.ping(id)).status).toBe(200);
    await mine.call(`job-done/${mine.id}/${id}`, { output: 'mine' });
    expect(await get(`/v2/far/status/${id}`)).toMatchObject({ status: 'COMPLETED', output: 'mine' });

    await until(() => !knownIds().includes(mine.id));
    expect((await other.ping('', mine.id)).status).toBe(200);
  });

  it('a worker hears of the job that was cancelled before it could be told', async () => {
    const worker = await playWorker();
    const id = await submit();
    await worker.take();
    await gateway.call(`/v2/far/cancel/${id}`, {});
    await killAndRestart();

    const stop = worker.call(`job-stop/${worker.id}?gpu=pool`);
    await worker.ping(id);
    await worker.ping(id);
    expect(await (await stop).json()).toEqual({ jobsToStop: [id] });
  });
});

it('a worker that was frozen stops the attempt that it lost, and takes the job again', async () => {
  const program = [process.execPath, join(folder.path, 'worker.mjs')];
  const worker: PoolWorkerProcess = await startPoolWorker(gateway, 'far', program);
  try {
    const id = await submit();
    await until(async () => (await get(`/v2/far/status/${id}`)).status === 'IN_PROGRESS');
    worker.child.kill('SIGSTOP');
    await until(async () => (await get(`/v2/far/status/${id}`)).status === 'IN_QUEUE');
    worker.child.kill('SIGCONT');
    expect(await get(`/v2/far/status-sync/${id}?wait=60000`)).toMatchObject({
      status: 'COMPLETED',
      output: { attempt: 2 },
      workerId: worker.id,
    });
  } finally {
    worker.kill();
  }
});
