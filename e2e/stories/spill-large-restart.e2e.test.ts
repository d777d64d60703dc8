// What is moved out of an input for an attempt at RunPod is removed when that ends, also by the gateway after a crash.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const THERE = nodeWorker(`
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return {};
`);
const PICTURE = Buffer.alloc(9 * 1024 * 1024, 7).toString('base64');

let there: TestGateway;
let here: GatewayProcess;
let folder: ReturnType<typeof makeFolder>;

beforeEach(async () => {
  there = await startGateway(`endpoints:\n${nodeEndpoint('far', 'far.mjs')}`, { 'far.mjs': THERE });
  const runpod = `{ runpod: { endpointId: far, apiKey: "${ADMIN_KEY}", baseUrl: "${there.url}/v2" } }`;
  // Nobody reads the URL here.
  folder = makeFolder(
    `publicUrl: http://127.0.0.1:9\nendpoints:\n  near: { backends: [${runpod}], urlFields: [image] }\n`,
    {},
  );
  here = await spawnGateway(folder.path);
});
afterEach(async () => {
  await here.kill();
  await there.stop();
  folder.remove();
});

type Reply = Record<string, unknown> & { id: string; status: string; artifacts: object[] };
const read = async (path: string, json?: unknown) => (await (await here.call(path, json)).json()) as Reply;
const kept = async () => (await read('/v1/artifacts')).artifacts.length;

it('a job whose gateway was killed leaves nothing behind once it has ended', async () => {
  const { id } = await read('/v1/jobs', { endpoint: 'near', input: { image: PICTURE } });
  await until(async () => (await read(`/v2/near/status/${id}`)).status === 'IN_PROGRESS');
  expect(await kept()).toBe(1);
  await here.kill();
  here = await spawnGateway(folder.path);
  // It goes on there, and may still read it.
  expect((await read(`/v2/near/status/${id}`)).status).toBe('IN_PROGRESS');
  expect(await kept()).toBe(1);
  expect(await read(`/v2/near/cancel/${id}`, {})).toMatchObject({ status: 'CANCELLED' });
  await until(async () => (await kept()) === 0);
});
