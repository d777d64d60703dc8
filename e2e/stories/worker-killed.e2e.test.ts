// A worker that is killed in the middle of a job takes nothing with it: the job is delivered again and completes. A
// job that kills every worker ends FAILED, in RunPod's words, with the last thing the worker printed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const WORKER = nodeWorker(`
    if (job.input.poison) {
      console.error('out of cheese');
      process.kill(process.pid, 'SIGKILL');
    }
    if (context.attempt === 1) {
      context.progress('waiting to be killed');
      await new Promise(() => {});
    }
    return { attempt: context.attempt };
`);

describe('a killed worker', () => {
  let test: TestGateway;
  beforeAll(async () => {
    test = await startGateway(`endpoints:\n${nodeEndpoint('job', 'worker.mjs')}`, { 'worker.mjs': WORKER });
  });
  afterAll(() => test.stop());

  const submit = async (input: object) =>
    ((await (await test.call('/v2/job/run', { json: { input } })).json()) as { id: string }).id;
  const status = async (id: string) =>
    (await (await test.call(`/v2/job/status/${id}`)).json()) as Record<string, unknown>;
  const ended = async (id: string) =>
    (await (await test.call(`/v2/job/status-sync/${id}?wait=120000`)).json()) as Record<string, unknown>;

  it('has its job delivered again, which completes', async () => {
    const id = await submit({});
    await until(async () => (await status(id)).output === 'waiting to be killed');
    const { workers } = (await (await test.call('/v1/workers')).json()) as {
      workers: { id: string; pid: number }[];
    };
    const workerId = (await status(id)).workerId;
    const worker = workers.find((one) => one.id === workerId);
    process.kill(worker?.pid ?? Number.NaN, 'SIGKILL');
    expect(await ended(id)).toMatchObject({ status: 'COMPLETED', output: { attempt: 2 }, retries: 1 });
    const shown = (await (await test.call(`/v1/jobs/${id}`)).json()) as {
      attempts: { failure?: { message: string } }[];
    };
    expect(shown.attempts[0]?.failure?.message).toContain('SIGKILL');
  });

  it('that was killed by its job twice ends the job, with the reason and its last log lines', async () => {
    const reply = await ended(await submit({ poison: true }));
    expect(reply).toMatchObject({ status: 'FAILED', retries: 1 });
    expect(reply.error).toMatch(/^job timed out after 1 retries: .*SIGKILL/);
    expect(reply.error).toContain('out of cheese');
  });
});
