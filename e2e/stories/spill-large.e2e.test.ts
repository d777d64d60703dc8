// Inputs over RunPod's limit go there as URLs where the endpoint says which fields may hold one; else they stay.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const THERE = nodeWorker(`
    const answer = await fetch(job.input.image);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { bytes: bytes.length, last: bytes.at(-1), note: job.input.note, isUrl: job.input.image.startsWith('http') };
`);
const PICTURE = Buffer.alloc(9 * 1024 * 1024, 7).toString('base64');

let there: TestGateway;
let here: TestGateway;
let door: FaultProxy;

beforeEach(async () => {
  there = await startGateway(`endpoints:\n${nodeEndpoint('far', 'far.mjs')}`, { 'far.mjs': THERE });
  door = await startFaultProxy(() => here.url);
  const runpod = `{ runpod: { endpointId: far, apiKey: "${ADMIN_KEY}", baseUrl: "${there.url}/v2" } }`;
  here = await startGateway(`publicUrl: ${door.url}
endpoints:
  near: { backends: [${runpod}], urlFields: [image] }
  strict: { backends: [${runpod}] }
`);
});
afterEach(async () => {
  await here.stop();
  await door.close();
  await there.stop();
});

type Reply = Record<string, unknown> & { id: string };
const submit = async (endpoint: string, input: object) =>
  (await (await here.call('/v1/jobs', { json: { endpoint, input } })).json()) as Reply;

it('what is too large travels as a URL, and is removed when the attempt is over', async () => {
  const { id } = await submit('near', { note: 'kept', image: PICTURE });
  const ended = await (await here.call(`/v2/near/status-sync/${id}?wait=60000`)).json();
  expect(ended).toMatchObject({
    status: 'COMPLETED',
    output: { bytes: 9 * 1024 * 1024, last: 7, note: 'kept', isUrl: true },
  });
  await until(async () => {
    const { artifacts } = (await (await here.call('/v1/artifacts')).json()) as { artifacts: object[] };
    return artifacts.length === 0;
  });
});

it('without a declared field the job stays, and says why', async () => {
  const { id } = await submit('strict', { image: PICTURE });
  const job = (await (await here.call(`/v1/jobs/${id}`)).json()) as Reply;
  expect(job).toMatchObject({
    status: 'IN_QUEUE',
    waitReason: { message: expect.stringMatching(/12\.0 MiB is over RunPod's limit .* `urlFields`/) },
  });
});
