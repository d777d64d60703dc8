import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GpusView, PricesView, UsageView } from '@spillway/protocol/v1';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAKE_KEY } from './fake-runpod.ts';
import { openRunpodBench, type RunpodBench } from './runpod-bench.ts';
import { runCli, type StartedCli, startCli } from './start-cli.ts';

// A real gateway, and the command line without one, against an account at RunPod that is played here.

let bench: RunpodBench;
const started: StartedCli[] = [];

beforeEach(async () => {
  bench = await openRunpodBench('prices');
});
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await bench.close();
});

const SPILLS = `endpoints:
  mine:
    command: [node, -e, ""]
    gpu: { memory: 20g }
    backends:
      - process
      - runpod: { endpointId: ep7, apiKey: ${FAKE_KEY}, gpuPool: ADA_24, baseUrl: "http://127.0.0.1:9/v2" }
    spill: { queueDelay: 10s }
`;

const write = (yaml: string) => writeFileSync(path.join(bench.folder, 'spillway.yaml'), yaml);
const keyed = (key?: string) => bench.keyed(key);

async function up(env: Readonly<Record<string, string>>): Promise<StartedCli> {
  const cli = startCli(['up', '--port', '0'], { cwd: bench.folder, env });
  started.push(cli);
  await cli.printed('ready');
  return cli;
}

async function end({ child, ended }: StartedCli): Promise<string> {
  child.kill('SIGTERM');
  return (await ended).stderr;
}

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(args, { cwd: bench.folder, env });
const prices = async (...more: string[]) =>
  JSON.parse((await run(['prices', '--json', ...more])).stdout) as PricesView;
const priceOf = (view: PricesView) => view.workers.find((one) => one.class === 'ADA_24');

test('a gateway prices by RunPod’s catalogue, reads it again when asked to, and keeps it over a restart', async () => {
  write(SPILLS);
  const first = await up(keyed());
  await expect.poll(async () => (await prices()).catalogue.readAt).toBeGreaterThan(0);
  const view = await prices();
  const dayOf = ({ catalogue }: PricesView) => new Date(catalogue.readAt ?? 0).toISOString().slice(0, 10);
  expect(priceOf(view)).toMatchObject({
    microsPerHour: 1_100_000,
    asOf: dayOf(view),
    source: "RunPod's catalogue",
  });
  expect(view.pods).toContainEqual({
    ...{ id: 'NVIDIA A40', name: 'A40', memoryGb: 48 },
    ...{ secureMicrosPerHour: 400_000, communityMicrosPerHour: 350_000 },
  });
  // Not in the catalogue: as the table says, with its own date.
  expect(view.workers.find((one) => one.class === 'HOPPER_141')).toMatchObject({ asOf: '2026-08-20' });
  bench.runpod.account.poolPrices.set('ADA_24', 1.25);
  expect(priceOf(await prices())?.microsPerHour).toBe(1_100_000);
  const shown = await run(['prices', '--refresh']);
  // Which may be tomorrow.
  const today = dayOf(await prices());
  expect(shown.stdout).toContain(`RunPod's pools and pods by its catalogue of ${today}`);
  expect(shown.stdout.replaceAll(/ +/g, ' ')).toContain(`ADA_24 $1.25 $0.76 ${today} RunPod's catalogue`);
  expect(shown.code).toBe(0);
  await end(first);
  const asked = bench.runpod.calls.length;
  const second = await up(keyed());
  expect(priceOf(await prices())?.microsPerHour).toBe(1_250_000);
  const catalogues = bench.runpod.calls.slice(asked).filter(({ path: one }) => one.includes('catalog'));
  expect(catalogues).toEqual([]);
  await end(second);
});

test('a key that RunPod refuses leaves the table, and everybody who looks is told why', async () => {
  write(SPILLS);
  const gateway = await up(keyed('rpa_wrong'));
  await expect.poll(async () => (await prices()).catalogue.problem).toContain('invalid api key');
  expect(priceOf(await prices())).toMatchObject({ microsPerHour: 310 * 3600, asOf: '2026-08-20' });
  const shown = await run(['prices', '--refresh']);
  expect(shown.code).toBe(1);
  expect(shown.stderr).toMatch(/^spillway: RunPod's prices were not read anew: .*invalid api key.*\n$/);
  expect(shown.stdout).toContain('by the table that this version came with');
  expect(await end(gateway)).not.toContain('rpa_wrong');
});

test('without a key and without RunPod nobody is asked, and a refresh says what is missing', async () => {
  write('endpoints:\n  mine: { command: [node, -e, ""] }\n');
  const gateway = await up({ RUNPOD_API_BASE_URL: bench.url });
  const { stderr, code } = await run(['prices', '--refresh']);
  expect({ code, calls: bench.runpod.calls }).toEqual({ code: 1, calls: [] });
  expect(stderr).toContain('the gateway has no key for RunPod: set RUNPOD_API_KEY');
  await end(gateway);
});

test('`gpus --refresh` without a gateway reads the catalogue into the data directory, for later runs too', async () => {
  write('endpoints:\n  mine: { command: [x], gpu: { memory: 12g } }\n');
  const pool = (text: string) => (JSON.parse(text) as GpusView).pools.find(({ id }) => id === 'AMPERE_16');
  const before = await run(['gpus', '--json']);
  expect(pool(before.stdout)?.price.asOf).toBe('2026-08-20');
  bench.runpod.account.poolPrices.set('AMPERE_16', 0.63);
  const fresh = await run(['gpus', '--refresh'], keyed());
  expect(fresh.stdout).toContain('AMPERE_16: $0.000175 a second, $0.63 an hour');
  const kept = await run(['gpus', '--json']);
  expect(pool(kept.stdout)).toMatchObject({
    flexPerHour: 0.63,
    price: { source: expect.stringContaining('catalogue') },
  });
  expect(
    JSON.parse(readFileSync(path.join(bench.folder, '.spillway', 'runpod-catalogue.json'), 'utf8')),
  ).toMatchObject({
    ...{ url: bench.url, pools: { AMPERE_16: 630_000 } },
  });
  const keyless = await run(['gpus', '--refresh']);
  expect(keyless.stderr).toContain("RunPod's prices were not read anew: RUNPOD_API_KEY is not set");
});

test('a gateway reads RunPod’s bill of its endpoint, and `usage` shows it', async () => {
  write(SPILLS);
  const hour = Math.floor((Date.now() - 48 * 3_600_000) / 3_600_000) * 3_600_000;
  bench.runpod.account.bills.serverless.push(
    { id: 'ep7', at: hour, amount: 0.25 },
    { id: 'ep7', at: hour + 3_600_000, amount: 0.5 },
    { id: 'another', at: hour, amount: 70 },
  );
  const gateway = await up(keyed());
  const usage = async () => JSON.parse((await run(['usage', '--json'])).stdout) as UsageView;
  await expect.poll(async () => (await usage()).total.costMicros).toBe(750_000);
  expect((await usage()).rows).toMatchObject([{ kind: 'runpod', endpoint: 'mine', costMicros: 750_000 }]);
  await end(gateway);
});
