// The unmodified Python worker of RunPod, started by somebody else on another machine: the printed environment is all
// that it needs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { type PoolWorkerProcess, startPoolWorker } from '../harness/pool-worker.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const HANDLER = `
import runpod
def handler(job):
    return {"echo": job["input"]}
runpod.serverless.start({"handler": handler})
`;

const python = pythonWithRunpod();

describe.skipIf(python === undefined)('the official Python worker from elsewhere', () => {
  let test: TestGateway;
  let gateway: { call(path: string, json?: unknown): Promise<Response> };
  let worker: PoolWorkerProcess;
  beforeAll(async () => {
    test = await startGateway('endpoints:\n  far: { backends: [pool] }\n  near: { backends: [pool] }\n');
    gateway = { call: (path, json) => test.call(path, json === undefined ? {} : { json }) };
    const file = join(test.folder, 'handler.py');
    writeFileSync(file, HANDLER);
    worker = await startPoolWorker(gateway, 'far', [python ?? '', '-u', file]);
  });
  afterAll(async () => {
    worker?.kill();
    await test?.stop();
  });

  const shown = async () => {
    const { workers } = (await (await gateway.call('/v1/workers')).json()) as { workers: object[] };
    return workers[0] as Record<string, unknown> | undefined;
  };
  const runsync = async (input: object) =>
    (await (await gateway.call('/v2/far/runsync?wait=120000', { input })).json()) as Record<string, unknown>;

  it('takes jobs, and is shown with what it runs on', async () => {
    expect(await runsync({ text: 'grüße' })).toMatchObject({
      status: 'COMPLETED',
      output: { echo: { text: 'grüße' } },
      workerId: worker.id,
    });
    expect(await shown()).toMatchObject({
      id: worker.id,
      backend: 'pool',
      software: expect.stringContaining('RunPod-Python-SDK/1.12.0'),
    });
  });

  it('that was drained gets no job any more, ends soon when it is asked to, and a new one takes over', async () => {
    await gateway.call(`/v1/workers/${worker.id}/drain`, {});
    await until(async () => (await shown())?.state === 'stopping');
    const { id } = (await (await gateway.call('/v2/far/run', { input: { n: 2 } })).json()) as { id: string };
    await until(async () => {
      const job = (await (await gateway.call(`/v2/far/status/${id}`)).json()) as {
        waitReason?: { code: string };
      };
      return job.waitReason?.code === 'NO_POOL_WORKERS';
    });
    // Its open poll is answered soon; left open it would hold the worker up for as long as any other poll is held.
    const other = gateway.call('/v2/near/job-take/other?gpu=pool&job_in_progress=0');
    const first = await Promise.race([
      worker.stop().then(() => 'the worker has ended'),
      other.then(() => 'another poll was answered'),
    ]);
    expect(first).toBe('the worker has ended');
    await until(async () => (await shown())?.state === 'stopped');
    worker = await startPoolWorker(gateway, 'far', [python ?? '', '-u', join(test.folder, 'handler.py')]);
    const reply = await gateway.call(`/v2/far/status-sync/${id}?wait=120000`);
    expect(await reply.json()).toMatchObject({ status: 'COMPLETED', workerId: worker.id });
  });
});
