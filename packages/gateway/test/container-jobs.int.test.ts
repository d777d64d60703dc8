// Jobs through containers: a whole gateway, the stand-in engine, and images that are workers on our SDK.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatProblems, parseConfig } from '../src/config/index.ts';
import { createGateway, type Gateway } from '../src/gateway.ts';
import { eventually } from './process-watch.ts';
import { installStandIn, type StandIn } from './stand-in/install.ts';

const ADMIN = 'spk_admin-key-of-the-tests';
const WORKER = `
import { startWorker } from '${import.meta.resolve('@spillway/sdk/worker')}';
await startWorker({
  async handler(job, context) {
    if (job.input.die && context.attempt === 1) {
      console.error('out of cheese');
      process.kill(process.pid, 'SIGKILL');
    }
    return { echo: job.input, secrets: Object.keys(process.env).filter((name) => name.startsWith('SPILLWAY_')) };
  },
});
`;

let folder: string;
let standIn: StandIn;
let gateway: Gateway;

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spillway-jobs-'));
  const file = path.join(folder, 'worker.mjs');
  writeFileSync(file, WORKER);
  const image = { entrypoint: [process.execPath], cmd: [file] };
  standIn = installStandIn({ 'acme/echo:2': image, 'acme/here:1': image }, { pulled: ['acme/here:1'] });
  gateway = createGateway({
    config: configOf(`
listen: 127.0.0.1:0
data: ./data
endpoints:
  echo: { image: acme/echo:2, env: { MODEL: tiny }, workers: { max: 1 } }
  here: { image: acme/here:1, workers: { max: 1 } }
  none: { image: acme/wisper:1 }
`),
    adminKey: ADMIN,
    log: pino({ level: 'silent' }),
    hostEnv: { ...standIn.env, SPILLWAY_ADMIN_KEY: ADMIN },
  });
  await gateway.start();
});
afterEach(async () => {
  standIn.holdPull(false);
  await gateway.stop();
  standIn.remove();
  rmSync(folder, { recursive: true });
});

function configOf(yaml: string) {
  const parsed = parseConfig(yaml, { path: path.join(folder, 'spillway.yaml'), env: {}, builtInWorkers: {} });
  if (!parsed.ok) throw new Error(formatProblems('spillway.yaml', parsed.problems));
  return parsed.config;
}

async function call<T = Record<string, unknown>>(at: string, json?: unknown): Promise<T> {
  const reply = await fetch(`${gateway.url}${at}`, {
    headers: { authorization: ADMIN },
    ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
  });
  return (await reply.json()) as T;
}
const runsync = (endpoint: string, input: object) => call(`/v2/${endpoint}/runsync?wait=60000`, { input });
const waitReason = async (endpoint: string, id: unknown) =>
  (await call<{ waitReason?: { code: string; message: string } }>(`/v2/${endpoint}/status/${id}`)).waitReason;

test('a job goes through a container, which knows nothing of the gateway’s secrets', async () => {
  expect(await runsync('here', { text: 'grüße' })).toMatchObject({
    status: 'COMPLETED',
    output: { echo: { text: 'grüße' }, secrets: [] },
  });
  const { workers } = await call<{ workers: object[] }>('/v1/workers');
  expect(workers).toMatchObject([{ endpoint: 'here', backend: 'container' }]);
  await gateway.stop();
  expect(standIn.calls().filter(([, verb]) => verb === 'rm')).toHaveLength(1);
});

test('a job whose image is not here says that it is being pulled, and runs when it has come', async () => {
  standIn.holdPull(true);
  const { id } = await call('/v2/echo/run', { input: { n: 1 } });
  const isPulling = async () =>
    (await waitReason('echo', id))?.message.includes('the image acme/echo:2 is being pulled') ?? false;
  await eventually(isPulling);
  expect(await waitReason('echo', id)).toMatchObject({ code: 'WORKER_STARTING' });
  const { workers } = await call<{ workers: object[] }>('/v1/workers');
  expect(workers).toMatchObject([
    { state: 'initializing', preparing: 'the image acme/echo:2 is being pulled' },
  ]);
  standIn.holdPull(false);
  expect(await call(`/v2/echo/status-sync/${id}?wait=60000`)).toMatchObject({
    status: 'COMPLETED',
    output: { echo: { n: 1 } },
  });
});

test('a job whose image does not exist says so while it waits', async () => {
  const { id } = await call('/v2/none/run', { input: {} });
  await eventually(async () => (await waitReason('none', id))?.code === 'WORKER_CRASH_LOOP');
  expect((await waitReason('none', id))?.message).toMatch(
    /the image acme\/wisper:1 could not be pulled: .*pull access denied for acme\/wisper/,
  );
});

test('a container that dies in the middle of a job has it delivered again, to a new one', async () => {
  expect(await runsync('here', { die: true })).toMatchObject({ status: 'COMPLETED', retries: 1 });
  const { workers } = await call<{ workers: { id: string }[] }>('/v1/workers?endpoint=here');
  expect(workers).toHaveLength(2);
});
