// Proves that our client's own API works against a real gateway and worker, and that a listener of events follows jobs
// over a restart of the gateway.
import { createClient, type GatewayEvent, type JobsClient } from '@spillway/sdk/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';

const YAML = `endpoints:\n${nodeEndpoint('echo', 'echo.mjs', '    workers: { min: 1, max: 1 }\n')}`;
const WORKER = nodeWorker('if (job.input.fail) throw new Error("asked to"); return job.input;');

let folder: ReturnType<typeof makeFolder>;
let gateway: GatewayProcess;
let jobs: JobsClient;
beforeEach(async () => {
  folder = makeFolder(YAML, { 'echo.mjs': WORKER });
  gateway = await spawnGateway(folder.path);
  jobs = createClient({ baseUrl: `${gateway.url}/v2`, apiKey: ADMIN_KEY }).jobs;
});
afterEach(async () => {
  await gateway.stop();
  folder.remove();
});

type Holds = (event: GatewayEvent) => boolean;

/** Listens until `leave` is called; `heard` resolves with the first event that fits, heard already or yet to come. */
async function listen() {
  const leaving = new AbortController();
  const waits: { readonly holds: Holds; readonly resolve: (event: GatewayEvent) => void }[] = [];
  const events: GatewayEvent[] = [];
  const listening = (async () => {
    for await (const event of jobs.events({ signal: leaving.signal })) {
      events.push(event);
      for (const { holds, resolve } of waits) if (holds(event)) resolve(event);
    }
  })().catch(() => undefined);
  await until(async () => {
    await gateway.call('/v1/endpoints/echo/resume', {});
    return events.length > 0;
  });
  return {
    heard: (holds: Holds) =>
      new Promise<GatewayEvent>((resolve) => {
        const known = events.find(holds);
        if (known) resolve(known);
        else waits.push({ holds, resolve });
      }),
    async leave() {
      leaving.abort();
      await listening;
    },
  };
}

const isFailure = (id: string, attempt: number) => (event: GatewayEvent) =>
  event.type === 'job.failed' && event.jobId === id && event.attempt === attempt;

test('a job is submitted once, followed, retried and deleted; its events go on over a restart', async () => {
  const { heard, leave } = await listen();
  const submit = { endpoint: 'echo', input: { fail: true }, tags: ['story'] };
  const first = await jobs.submit(submit, { idempotencyKey: 'one' });
  expect(await jobs.submit(submit, { idempotencyKey: 'one' })).toEqual(first);
  await heard(isFailure(first.id, 1));
  expect((await jobs.show(first.id)).attempts).toMatchObject([{ outcome: 'failed' }]);
  expect((await jobs.retry(first.id)).status).toBe('IN_QUEUE');
  await heard(isFailure(first.id, 2));

  const reset = heard(({ type }) => type === 'reset');
  await gateway.stop();
  gateway = await spawnGateway(folder.path, undefined, { SPILLWAY_TEST_LISTEN: new URL(gateway.url).host });
  expect(await reset).toMatchObject({ reason: 'unknown_id' });
  await jobs.submit({ endpoint: 'echo', input: { n: 1 }, tags: ['story'] }, { idempotencyKey: 'two' });
  await heard(({ type }) => type === 'job.completed');
  const listed = [];
  for await (const job of jobs.all({ tag: 'story' })) listed.push(job);
  expect(listed.map(({ status }) => status)).toEqual(['COMPLETED', 'FAILED']);
  await jobs.delete(listed[0]?.id ?? '');
  expect((await jobs.list({ tag: 'story' })).jobs).toMatchObject([{ id: first.id }]);
  await leave();
});
