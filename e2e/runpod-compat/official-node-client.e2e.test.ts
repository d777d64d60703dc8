// The unmodified npm client of RunPod against a running gateway and a worker that it started: every call that the
// client has, by changing nothing but its base URL.
import runpodSdk from 'runpod-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const WORKER = nodeWorker(`
    if (job.input.wait) await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    if (job.input.fail) throw new Error('no luck');
    if (job.input.megabytes) return 'ä'.repeat(job.input.megabytes * 500_000);
    return { echo: job.input };
`);

const STREAMER = nodeWorker('', '').replace(
  /async handler[\s\S]*?\n {2}\},/,
  `async *handler(job) {
    for (let i = 0; i < job.input.count; i += 1) yield { part: i };
  },`,
);

describe('the official Node client', () => {
  let test: TestGateway;
  let endpoint: NonNullable<ReturnType<ReturnType<typeof runpodSdk>['endpoint']>>;
  let streamer: typeof endpoint;

  beforeAll(async () => {
    const yaml = `endpoints:\n${nodeEndpoint('echo', 'echo.mjs', '    workers: { max: 1 }\n')}${nodeEndpoint('parts', 'parts.mjs')}`;
    test = await startGateway(yaml, { 'echo.mjs': WORKER, 'parts.mjs': STREAMER });
    const client = runpodSdk(ADMIN_KEY, { baseUrl: `${test.url}/v2` });
    const found = [client.endpoint('echo'), client.endpoint('parts')];
    if (!found[0] || !found[1]) throw new Error('the client made no endpoint');
    [endpoint, streamer] = [found[0], found[1]];
  });
  afterAll(() => test.stop());

  it('runs a job synchronously', async () => {
    const reply = await endpoint.runSync({ input: { text: 'hello' } });
    expect(reply).toMatchObject({ status: 'COMPLETED', output: { echo: { text: 'hello' } } });
    expect(reply.executionTime).toBeTypeOf('number');
    expect(reply.delayTime).toBeTypeOf('number');
  });

  it('runs a job asynchronously and asks for its status', async () => {
    const { id, status } = await endpoint.run({ input: {} });
    expect(status).toBe('IN_QUEUE');
    expect(await endpoint.statusSync(id)).toMatchObject({ id, status: 'COMPLETED', output: { echo: {} } });
    expect(await endpoint.status(id)).toMatchObject({ id, status: 'COMPLETED' });
  });

  it('sees the handler’s error', async () => {
    const reply = await endpoint.runSync({ input: { fail: true } });
    expect(reply).toMatchObject({ status: 'FAILED' });
    expect((reply as { error?: string }).error).toContain('no luck');
  });

  it('sends and gets megabytes as if they were kilobytes', async () => {
    const { id } = await endpoint.run({ input: { megabytes: 5 } });
    const waited = await endpoint.statusSync(id);
    const asked = await endpoint.status(id);
    for (const reply of [waited, asked] as { id: string; status: string; output?: string }[]) {
      expect(reply).toMatchObject({ id, status: 'COMPLETED' });
      expect(reply.output === 'ä'.repeat(2_500_000)).toBe(true);
    }
    const text = 'ö'.repeat(2_500_000);
    const echoed = await endpoint.runSync({ input: { text } });
    expect(echoed.output.echo.text === text).toBe(true);
  });

  it('cancels a running job, and the worker goes on with the next', async () => {
    const { id } = await endpoint.run({ input: { wait: true } });
    let status = 'IN_QUEUE';
    while (status === 'IN_QUEUE') ({ status } = await endpoint.status(id));
    expect(await endpoint.cancel(id)).toMatchObject({ id, status: 'CANCELLED' });
    expect(await endpoint.status(id)).toMatchObject({ status: 'CANCELLED' });
    expect(await endpoint.runSync({ input: { next: 1 } })).toMatchObject({ status: 'COMPLETED' });
  });

  it('streams what a generator yields, in order and once', async () => {
    const { id } = await streamer.run({ input: { count: 5 } });
    const parts: unknown[] = [];
    for await (const chunk of streamer.stream(id)) parts.push(chunk.output);
    expect(parts).toEqual([0, 1, 2, 3, 4].map((part) => ({ part })));
  });

  it('reads health with all counters', async () => {
    const health = await endpoint.health();
    expect(health.jobs.completed).toBeGreaterThanOrEqual(3);
    expect(Object.keys(health.workers).sort()).toEqual([
      'idle',
      'initializing',
      'ready',
      'running',
      'throttled',
      'unhealthy',
    ]);
  });

  it('gets RunPod’s status codes for a wrong key and an unknown job', async () => {
    const stranger = runpodSdk('wrong', { baseUrl: `${test.url}/v2` }).endpoint('echo');
    await expect(stranger?.status('x')).rejects.toMatchObject({ response: { status: 401 } });
    await expect(endpoint.status('unknown')).rejects.toMatchObject({ response: { status: 404 } });
  });
});
