// A gateway that is killed while its jobs are at RunPod forgets none of them, and none runs there twice for nothing.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const WORKER = nodeWorker(`
    if (job.input.holds) await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return { where: 'there' };
`);

let there: TestGateway;
let proxy: FaultProxy;
let folder: ReturnType<typeof makeFolder>;
let here: GatewayProcess;

beforeEach(async () => {
  there = await startGateway(`endpoints:\n${nodeEndpoint('far', 'worker.mjs')}`, { 'worker.mjs': WORKER });
  proxy = await startFaultProxy(there.url);
  const runpod = `{ runpod: { endpointId: far, apiKey: "${ADMIN_KEY}", baseUrl: "${proxy.url}/v2" } }`;
  folder = makeFolder(`endpoints:\n  near: { backends: [${runpod}] }\n`, {});
  here = await spawnGateway(folder.path);
});
afterEach(async () => {
  await here.kill();
  await proxy.close();
  await there.stop();
  folder.remove();
});

type Reply = Record<string, unknown> & { id: string; status: string };
const read = async (path: string, json?: unknown) => (await (await here.call(path, json)).json()) as Reply;
const submit = async (input: object) => (await read('/v2/near/run', { input })).id;
const ended = (id: string) => read(`/v2/near/status-sync/${id}?wait=60000`);
const jobsThere = async () =>
  ((await (await there.call('/v1/jobs')).json()) as { jobs: Reply[] }).jobs.map((job) => job.status);

function hasRemoteId(): boolean {
  const db = new DatabaseSync(join(folder.path, 'data', 'jobs.db'), { readOnly: true });
  const rows = db.prepare('SELECT remote_id FROM remote_attempts WHERE remote_id IS NOT NULL').all();
  db.close();
  return rows.length > 0;
}

async function killAndRestart(): Promise<void> {
  await here.kill();
  here = await spawnGateway(folder.path);
}

it('what ran there meanwhile has its result, from one run', async () => {
  await there.call('/v1/endpoints/far/pause', { method: 'POST' });
  const id = await submit({});
  await until(hasRemoteId);
  await killAndRestart();
  await there.call('/v1/endpoints/far/resume', { method: 'POST' });
  expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
  expect(await jobsThere()).toEqual(['COMPLETED']);
  const { attempts } = await read(`/v1/jobs/${id}`);
  expect(attempts).toMatchObject([{ outcome: 'completed', route: { backend: 'runpod' } }]);
  // Lines from before the restart and after it.
  const log = await (await here.call('/v1/endpoints/near/logs')).text();
  expect(log).toMatch(new RegExp(`job ${id} goes to far[^]*job ${id} is COMPLETED`));
});

it('a cancel that could not reach it is brought there afterwards', async () => {
  const id = await submit({ holds: true });
  await until(async () => (await read(`/v2/near/status/${id}`)).status === 'IN_PROGRESS');
  proxy.fault = (path) => (path.includes('/cancel/') ? { status: 503 } : undefined);
  await read(`/v2/near/cancel/${id}`, {});
  await until(() => proxy.seen.some((path) => path.includes('/cancel/')));
  await killAndRestart();
  proxy.fault = () => undefined;
  await until(async () => (await jobsThere()).includes('CANCELLED'));
  expect(await read(`/v2/near/status/${id}`)).toMatchObject({ status: 'CANCELLED' });
});

it('one whose submit had no answer yet is routed anew, and the first counts for nothing', async () => {
  // Its answer is held back until the gateway has died.
  proxy.fault = (path, number) => (path.endsWith('/run') && number === 1 ? { delayMs: 3_000 } : undefined);
  const id = await submit({});
  await until(() => proxy.seen.some((path) => path.endsWith('/run')));
  await killAndRestart();
  expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
  const { attempts } = await read(`/v1/jobs/${id}`);
  expect(attempts).toMatchObject([{ outcome: 'handed-back' }, { outcome: 'completed' }]);
});
