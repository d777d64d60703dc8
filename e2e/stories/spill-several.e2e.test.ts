// An endpoint with several backends at RunPod: jobs go to the first that has room and is well, and move on when it is not,
// or when they wait too long in its queue.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const worker = (where: string) =>
  nodeWorker(`
    if (job.input.holds) await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return { where: '${where}' };
`);

let there: TestGateway;
let here: TestGateway;
let proxy: FaultProxy;

beforeEach(async () => {
  there = await startGateway(
    `endpoints:\n${nodeEndpoint('first', 'first.mjs')}${nodeEndpoint('second', 'second.mjs')}`,
    { 'first.mjs': worker('first'), 'second.mjs': worker('second') },
  );
  proxy = await startFaultProxy(there.url);
  const runpod = (name: string, more = '') =>
    `{ runpod: { endpointId: ${name}, apiKey: "${ADMIN_KEY}", baseUrl: "${proxy.url}/v2"${more} } }`;
  const patient = `${runpod('first', ', queueDelay: 1s')}, ${runpod('second')}`;
  here = await startGateway(`endpoints:
  near: { backends: [${runpod('first', ', maxInFlight: 1')}, ${runpod('second')}] }
  patient: { backends: [${patient}] }
`);
});
afterEach(async () => {
  await here.stop();
  await proxy.close();
  await there.stop();
});

type Reply = Record<string, unknown> & { id: string; status: string };
const read = async (path: string, json?: unknown) =>
  (await (await here.call(path, json === undefined ? {} : { json })).json()) as Reply;
const submit = async (input: object, endpoint = 'near') => (await read(`/v2/${endpoint}/run`, { input })).id;
const ended = (id: string, endpoint = 'near') => read(`/v2/${endpoint}/status-sync/${id}?wait=60000`);
const attemptsOf = async (id: string) => (await read(`/v1/jobs/${id}`)).attempts as object[];

it('the first gets jobs until it is full, the next ones go to the second, and say why', async () => {
  const first = await submit({ holds: true });
  await until(async () => (await read(`/v2/near/status/${first}`)).status === 'IN_PROGRESS');
  const second = await submit({});
  expect(await ended(second)).toMatchObject({ status: 'COMPLETED', output: { where: 'second' } });
  expect(await attemptsOf(second)).toMatchObject([
    { route: { remoteEndpoint: 'second', message: expect.stringContaining('first takes none: it is full') } },
  ]);
  expect(await attemptsOf(first)).toMatchObject([{ route: { remoteEndpoint: 'first' } }]);
  await read(`/v2/near/cancel/${first}`, {});
});

it('while the first fails jobs go to the second, and to the first again when it is well', async () => {
  let isFailing = true;
  proxy.fault = (path) => (isFailing && path.startsWith('/v2/first/') ? { status: 500 } : undefined);
  for (let i = 0; i < 4; i += 1)
    expect(await ended(await submit({}))).toMatchObject({ status: 'COMPLETED', output: { where: 'second' } });
  isFailing = false;
  await until(async () => {
    const { output } = await ended(await submit({}));
    return (output as { where: string }).where === 'first';
  });
});

it('with all of them failing the job says what is wrong with each', async () => {
  proxy.fault = () => ({ status: 503 });
  const id = await submit({});
  await until(async () =>
    JSON.stringify(await read(`/v2/near/status/${id}`)).includes('none goes to RunPod'),
  );
  await until(async () => JSON.stringify(await read(`/v2/near/status/${id}`)).includes('second: it'));
  const { waitReason } = await read(`/v2/near/status/${id}`);
  expect(waitReason).toMatchObject({ message: expect.stringMatching(/first: it answered 503.*; second: /) });
});

it('a job that waits too long in the queue of the first, which is well, goes on to the second', async () => {
  await there.call('/v1/endpoints/first/pause', { method: 'POST' });
  const submittedAt = performance.now();
  const id = await submit({}, 'patient');
  await until(() => proxy.seen.some((path) => path.startsWith('/v2/second/run')));
  expect(performance.now() - submittedAt).toBeGreaterThan(950);
  expect(await ended(id, 'patient')).toMatchObject({ status: 'COMPLETED', output: { where: 'second' } });
  const why = /had waited \d+\.\d s in the queue of first, 1 s are allowed/;
  expect(await attemptsOf(id)).toMatchObject([
    {
      outcome: 'handed-back',
      failure: { message: expect.stringMatching(why) },
      route: { remoteEndpoint: 'first' },
    },
    {
      outcome: 'completed',
      route: { remoteEndpoint: 'second', code: 'MOVED_ON', message: expect.stringMatching(why) },
    },
  ]);
  const { jobs } = (await (await there.call('/v1/jobs')).json()) as { jobs: Reply[] };
  expect(jobs.map((job) => `${job.endpoint} ${job.status}`).toSorted()).toEqual([
    'first CANCELLED',
    'second COMPLETED',
  ]);
});
