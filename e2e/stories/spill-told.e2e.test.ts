// RunPod tells a gateway with a public URL when a job has ended; what it says is checked, and shown in the logs.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const THERE = nodeWorker(`
    await context.progress({ done: '50 %' });
    return { where: 'there' };
`);

let there: TestGateway;
let here: TestGateway;
/** Before RunPod, and before the gateway under test. */
let proxy: FaultProxy;
let door: FaultProxy;

beforeEach(async () => {
  there = await startGateway(`allowPrivateUrls: [127.0.0.1]\nendpoints:\n${nodeEndpoint('far', 'far.mjs')}`, {
    'far.mjs': THERE,
  });
  proxy = await startFaultProxy(there.url);
  door = await startFaultProxy(() => here.url);
  const runpod = `{ runpod: { endpointId: far, apiKey: "${ADMIN_KEY}", baseUrl: "${proxy.url}/v2" } }`;
  here = await startGateway(`publicUrl: ${door.url}\nendpoints:\n  near: { backends: [${runpod}] }\n`);
});
afterEach(async () => {
  await here.stop();
  await door.close();
  await proxy.close();
  await there.stop();
});

type Reply = Record<string, unknown> & { id: string; status: string };
const read = async (path: string, json?: unknown) =>
  (await (await here.call(path, json === undefined ? {} : { json })).json()) as Reply;
const submit = async () => (await read('/v2/near/run', { input: {} })).id;
const ended = (id: string) => read(`/v2/near/status-sync/${id}?wait=60000`);
const routes = async (id: string) => (await read(`/v1/jobs/${id}`)).attempts;
const isHook = (path: string) => path.startsWith('/v1/hooks/runpod/');

it('the end of a job is told under an address that works for nobody else', async () => {
  const id = await submit();
  expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
  await until(() => door.seen.some(isHook));
  const hook = door.seen.find(isHook) ?? '';
  const post = (path: string) =>
    fetch(`${here.url}${path}`, { method: 'POST', body: JSON.stringify({ id: 'x', status: 'COMPLETED' }) });
  expect((await post(hook)).status).toBe(200);
  expect((await post(`${hook.slice(0, -2)}__`)).status).toBe(403);
  expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
});

it('a run that nobody here knew of is known once it has ended there', async () => {
  proxy.fault = (path, number) => (path.endsWith('/run') && number === 1 ? { losesAnswer: true } : undefined);
  const id = await submit();
  expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
  const known = async () =>
    ((await routes(id)) as { route: { remoteId?: string } }[]).map(({ route }) => route);
  await until(async () => (await known()).every(({ remoteId }) => remoteId !== undefined));
  const { jobs } = (await (await there.call('/v1/jobs')).json()) as { jobs: Reply[] };
  expect((await known()).map(({ remoteId }) => remoteId).toSorted()).toEqual(
    jobs.map((job) => job.id).toSorted(),
  );
});

it('logs of the endpoint and of the attempt tell what becomes of the job there', async () => {
  const id = await submit();
  await ended(id);
  const [attempt] = (await routes(id)) as { workerId: string; route: { remoteId: string } }[];
  const ofEndpoint = await (await here.call('/v1/endpoints/near/logs')).text();
  const { workerId = '', route } = attempt ?? {};
  const ofAttempt = await (await here.call(`/v1/workers/${encodeURIComponent(workerId)}/logs`)).text();
  for (const text of [ofEndpoint, ofAttempt]) {
    expect(text).toContain(`job ${id} goes to far: the endpoint has no backend here`);
    expect(text).toContain(`job ${id} is ${route?.remoteId} there`);
    expect(text).toMatch(/is COMPLETED after \d+\.\d s/);
  }
});
