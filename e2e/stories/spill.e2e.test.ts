// Jobs overflow to RunPod and come home: a second gateway plays RunPod, behind a proxy that can be told to misbehave.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

// Says where it ran. One with `holds` ends when it is told to stop.
const worker = (where: string) =>
  nodeWorker(`
    if (job.input.error) throw new Error(job.input.error);
    if (job.input.progress) await context.progress({ at: 1 });
    if (job.input.holds) await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return { where: '${where}', exact: job.input.exact };
`);

let there: TestGateway;
let here: TestGateway;
let proxy: FaultProxy;

beforeEach(async () => {
  there = await startGateway(
    `lease: { duration: 4s, heartbeat: 500ms }\nendpoints:\n${nodeEndpoint('far', 'worker.mjs', '    workers: { max: 2, idleTimeout: 60s }\n')}`,
    { 'worker.mjs': worker('there') },
  );
  proxy = await startFaultProxy(there.url);
});
afterEach(async () => {
  await here.stop();
  await proxy.close();
  await there.stop();
});

/** The gateway under test; `max` workers may run here. */
async function startHere({ min = 0, max = 1, queueDelay = '1s', kinds = 'process, ' } = {}): Promise<void> {
  const runpod = `{ runpod: { endpointId: far, apiKey: "${ADMIN_KEY}", baseUrl: "${proxy.url}/v2" } }`;
  const more = `    workers: { min: ${min}, max: ${max}, idleTimeout: 60s }
    backends: [${kinds}${runpod}]
    spill: { queueDelay: ${queueDelay} }
`;
  const yaml =
    kinds === ''
      ? `  near:\n${more.split('\n').slice(1).join('\n')}`
      : nodeEndpoint('near', 'worker.mjs', more);
  here = await startGateway(`endpoints:\n${yaml}`, { 'worker.mjs': worker('here') });
}

type Reply = Record<string, unknown> & { id: string; status: string };
const read = async (gateway: TestGateway, path: string, json?: unknown) =>
  (await (await gateway.call(path, json === undefined ? {} : { json })).json()) as Reply;
const submit = async (input: object) => (await read(here, '/v2/near/run', { input })).id;
const status = (id: string) => read(here, `/v2/near/status/${id}`);
const ended = (id: string) => read(here, `/v2/near/status-sync/${id}?wait=60000`);
async function attempts(id: string) {
  const { attempts: found } = await read(here, `/v1/jobs/${id}`);
  return found as { outcome: string; route: { backend: string; code: string; remoteId?: string } }[];
}
const jobsThere = async () => (await read(there, '/v1/jobs')).jobs as unknown as Reply[];

describe('jobs spill over', () => {
  it('at once while nothing here may run, and say where they ran and why; home again when workers may', async () => {
    await startHere({ max: 0, queueDelay: '1h' });
    const id = await submit({ exact: 'yes' });
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there', exact: 'yes' } });
    expect(await attempts(id)).toMatchObject([
      { outcome: 'completed', route: { backend: 'runpod', code: 'LOCAL_UNABLE', remoteEndpoint: 'far' } },
    ]);

    await here.call('/v1/endpoints/near', { method: 'PATCH', body: '{"workers":{"max":1}}' });
    const home = await submit({});
    expect(await ended(home)).toMatchObject({ status: 'COMPLETED', output: { where: 'here' } });
    expect(await attempts(home)).toMatchObject([{ route: { backend: 'local' } }]);
    expect(await jobsThere()).toHaveLength(1);
  });

  it('when they have waited as long as the rule allows, and not the one that runs', async () => {
    await startHere({ min: 1 });
    await until(async () => JSON.stringify(await read(here, '/v1/workers')).includes('"idle"'));
    const first = await submit({ holds: true });
    await until(async () => (await status(first)).status === 'IN_PROGRESS');
    const submittedAt = performance.now();
    const second = await submit({});
    await until(async () => (await jobsThere()).length === 1);
    expect(performance.now() - submittedAt).toBeGreaterThan(950);
    expect(await ended(second)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
    expect(await attempts(second)).toMatchObject([{ route: { code: 'QUEUE_DELAY' } }]);
    expect(await read(here, `/v2/near/cancel/${first}`, {})).toMatchObject({ status: 'CANCELLED' });
    expect(await attempts(first)).toMatchObject([{ route: { backend: 'local' } }]);
  });

  it('from an endpoint that runs nowhere else', async () => {
    await startHere({ kinds: '' });
    const id = await submit({});
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
    expect(await attempts(id)).toMatchObject([{ route: { code: 'ONLY_BACKEND' } }]);
  });
});

describe('what becomes of a job there', () => {
  it('is told here: an error of its handler ends it, its progress shows, a cancel reaches it', async () => {
    await startHere({ max: 0 });
    const failing = await submit({ error: 'no such picture' });
    expect(await ended(failing)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('no such picture'),
    });
    expect(await attempts(failing)).toHaveLength(1);

    const running = await submit({ holds: true, progress: true });
    await until(async () => (await status(running)).status === 'IN_PROGRESS');
    await until(async () => (await status(running)).output !== undefined);
    expect(await status(running)).toMatchObject({ output: { at: 1 } });
    expect(await read(here, `/v2/near/cancel/${running}`, {})).toMatchObject({ status: 'CANCELLED' });
    await until(async () => (await jobsThere()).every((job) => job.status !== 'IN_PROGRESS'));
    expect((await jobsThere()).map((job) => job.status).toSorted()).toEqual(['CANCELLED', 'FAILED']);
  });

  it('comes home when it still waits there and a worker here is free', async () => {
    await there.call('/v1/endpoints/far/pause', { method: 'POST' });
    await startHere({ max: 0 });
    const id = await submit({});
    await until(async () => (await jobsThere()).length === 1);
    expect(await status(id)).toMatchObject({
      status: 'IN_QUEUE',
      waitReason: {
        code: 'AT_RUNPOD',
        message: 'it was handed to far at RunPod, and waits for a worker there',
      },
    });
    await here.call('/v1/endpoints/near', { method: 'PATCH', body: '{"workers":{"min":1,"max":1}}' });
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'here' } });
    expect((await jobsThere()).map((job) => job.status)).toEqual(['CANCELLED']);
    expect(await attempts(id)).toMatchObject([
      { outcome: 'handed-back', route: { backend: 'runpod' } },
      { outcome: 'completed', route: { backend: 'local' } },
    ]);
  });
});

describe('when calls go wrong', () => {
  it('throttled and refused ones are tried again, and the job runs once', async () => {
    await startHere({ max: 0 });
    proxy.fault = (path, number) => {
      if (path.endsWith('/run') && number < 3) return { status: number === 1 ? 429 : 503 };
      return path.includes('/status/') && number === 1 ? { status: 500 } : undefined;
    };
    const id = await submit({});
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
    expect(await attempts(id)).toHaveLength(1);
    expect(await jobsThere()).toHaveLength(1);
  });

  it('a submit whose answer was lost counts for nothing: another attempt brings the one result', async () => {
    await startHere({ max: 0 });
    proxy.fault = (path, number) =>
      path.endsWith('/run') && number === 1 ? { losesAnswer: true } : undefined;
    const id = await submit({});
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
    // It may run there until then, and says so.
    const { expiresAt } = await read(here, `/v1/jobs/${id}`);
    expect(await attempts(id)).toMatchObject([
      { outcome: 'handed-back', route: { there: 'unseen', mayRunUntil: expiresAt } },
      { outcome: 'completed', route: { there: 'over', remoteId: expect.any(String) } },
    ]);
    expect(await jobsThere()).toHaveLength(2);
  });

  it('with RunPod out of reach jobs stay, say why, and go when it is back', async () => {
    await startHere({ max: 0 });
    proxy.fault = () => ({ status: 503 });
    const id = await submit({});
    await until(async () => JSON.stringify(await status(id)).includes('none goes to RunPod for now'));
    expect(await status(id)).toMatchObject({
      status: 'IN_QUEUE',
      waitReason: { code: 'NO_WORKERS_ALLOWED' },
    });
    proxy.fault = () => undefined;
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { where: 'there' } });
  });
});
