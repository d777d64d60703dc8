// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';
import { openRunpodBench, type RunpodBench } from './runpod-bench.ts';
import { type CliRun, runCli, type StartedCli, startCli } from './start-cli.ts';

let bench: RunpodBench;
let gateway: FakeGateway | undefined;

beforeEach(async () => {
  bench = await openRunpodBench('pods');
  bench.runpod.podStarts = 0;
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await bench.close();
});

const optionsOf = (env: Readonly<Record<string, string>>) => ({
  cwd: bench.folder,
  env: { ...bench.keyed(), ...env },
});
const start = (args: readonly string[]): StartedCli => startCli(['pods', ...args], optionsOf({}));
const spillway = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> =>
  runCli(['pods', ...args], optionsOf(env));

type Body = { gpu?: { id: string }; env: Record<string, string>; image: string };
const bodies = () =>
  bench.runpod.calls.filter(({ method }) => method === 'POST').map(({ body }) => body as Body);

/** The pod prints these as soon as it was made. */
function prints(lines: (token: string) => readonly string[]): void {
  bench.runpod.fault = () => {
    const [body] = bodies();
    if (body && bench.runpod.log.length === 0)
      bench.runpod.log.push(...lines(body.env.SPILLWAY_POD_TOKEN ?? ''));
    return undefined;
  };
}

test('a command runs on the cheapest card, its log is the output, its failure the exit code, and the pod is gone', async () => {
  prints((token) => ['clip 1 of 2', 'clip 2 of 2', `[spillway] exit ${token} 4`]);
  const run = await spillway([
    ...['run', '--vram', '40g', '--image', 'acme/batch:1', '--env', 'A=1', '--secret', 'HF_TOKEN=hf'],
    ...['--', 'python3', 'batch.py', '--list', "it's.txt"],
  ]);
  expect(run).toMatchObject({ code: 1, stdout: 'clip 1 of 2\nclip 2 of 2\n' });
  expect(run.stderr).toContain('the command ended with exit code 4');
  expect(bodies()[0]).toMatchObject({
    ...{ image: 'acme/batch:1', gpu: { id: 'NVIDIA A40' } },
    env: {
      ...{ A: '1', HF_TOKEN: '{{ RUNPOD_SECRET_hf }}', SPILLWAY_POD_SECONDS: '3600' },
      SPILLWAY_POD_COMMAND: `python3 batch.py --list 'it'\\''s.txt'`,
    },
  });
  expect(bench.runpod.account.pods.size).toBe(0);
});

test('a volume that RunPod does not have is a sentence, and no pod is made', async () => {
  const volume = ['--volume', 'vol1:/models'];
  const run = await spillway(['run', '--gpu', 'A40', '--image', 'acme/batch:1', ...volume, '--', 'x']);
  expect(run).toMatchObject({ code: 1 });
  expect(run.stderr).toContain('RunPod answered 404 (volume vol1 not found)');
  expect(bench.runpod.account.pods.size).toBe(0);
});

test('Ctrl-C terminates the pod', async () => {
  prints(() => ['working']);
  const run = start(['run', '--gpu', 'A40', '--image', 'acme/batch:1', '--', 'sleep', '600']);
  await run.printed('working');
  run.child.kill('SIGINT');
  expect(await run.ended).toMatchObject({ code: 130 });
  expect(bench.runpod.account.pods.size).toBe(0);
});

test('a dry run tells cards, time and the most it costs, and makes nothing', async () => {
  const run = await spillway([
    'run',
    '--vram',
    '40g',
    '--max-cost',
    '1',
    '--max-time',
    '8h',
    '--image',
    'a',
    '--dry-run',
    '--',
    'x',
  ]);
  expect(run.stdout.split('\n').slice(0, 3)).toEqual([
    'a: x',
    '  NVIDIA A40: $0.40 an hour, at most 150 min and $1.00',
    '  NVIDIA H100 80GB HBM3: $2.69 an hour, at most 22 min and $1.00',
  ]);
  expect(bodies()).toEqual([]);
});

test.each([
  [
    ['--gpu', 'RTX 9999'],
    "--gpu: RunPod's secure cloud has no card RTX 9999; it has RTX A4000 (16 GB), L4 (24 GB)",
  ],
  [['--vram', '999g'], "--vram: RunPod's secure cloud has no card with 999 GB or more; it has"],
  [['--vram', '24g', '--max-cost', '0.0001'], '--max-cost: $0.0001 pays for 1 s of the cheapest card'],
])('a machine that is not to be had is told with those that are: %j', async (wish, message) => {
  const run = await spillway(['run', ...wish, '--image', 'a', '--dry-run', '--', 'x']);
  expect(run.code).not.toBe(0);
  expect(run.stderr).toContain(message);
  expect(bench.runpod.account.pods.size).toBe(0);
});

test('where all cards that would do are taken, they are named', async () => {
  bench.runpod.account.fullCards.add('NVIDIA H100 80GB HBM3');
  const run = await spillway(['run', '--vram', '80g', '--image', 'a', '--', 'x']);
  expect(run).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('none of H100 SXM (80 GB) is free now'),
  });
  expect((await spillway(['stop', '--all'])).stderr).toContain('nothing to terminate');
});

test('detached pods are listed and stopped; pods of others are left alone', async () => {
  bench.runpod.account.handle('POST', '/v2/pods', { name: 'mine', image: 'x', gpu: { id: 'NVIDIA L4' } });
  const made = await spillway(['run', '--gpu', 'A40', '--image', 'a', '--detach', '--', 'x']);
  const id = made.stdout.trim();
  const list = JSON.parse((await spillway(['list', '--json'])).stdout) as { pods: { id: string }[] };
  expect(list.pods).toMatchObject([{ id, card: 'NVIDIA A40', hourly: 0.4 }]);
  expect((await spillway(['list', '--all'])).stdout).toContain('mine');
  expect(await spillway(['stop', '--all'])).toMatchObject({ code: 0 });
  expect([...bench.runpod.account.pods.values()].map(({ name }) => name)).toEqual(['mine']);
  const missing = await spillway(['stop', id]);
  expect(missing).toMatchObject({ code: 1 });
  expect(missing.stderr).toContain(`RunPod has no pod ${id}`);
});

test('a worker of an endpoint gets a key of its own for the gateway, and no secret of this machine', async () => {
  const env = {
    RUNPOD_AI_API_KEY: 'spk_worker',
    RUNPOD_WEBHOOK_GET_JOB: 'https://gpu.example.com/v2/clip/job-take/$ID?',
  };
  gateway = await startFakeGateway({
    'POST /v1/endpoints/clip/pool-workers': {
      json: { endpoint: 'clip', workerId: 'w1', keyId: 'k1', origin: 'https://gpu.example.com', env },
    },
  });
  const entry =
    '  clip:\n    worker: clip\n    backends: [pool]\n    env: { HMAC: "${HMAC}", LOG: info }\n    deploy: { image: acme/clip:1 }\n';
  writeFileSync(path.join(bench.folder, 'spillway.yaml'), `endpoints:\n${entry}`);
  const variables = { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: 'spk_admin', HMAC: 'plain-secret' };
  const args = ['run', '--join', 'clip', '--gpu', 'A40', '--detach', '--idle', '10m'];
  const refused = await spillway(args, variables);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('--secret HMAC=<name of a secret at RunPod>');
  expect(await spillway([...args, '--secret', 'HMAC=clip_hmac'], variables)).toMatchObject({ code: 0 });
  expect(bodies()[0]).toMatchObject({
    image: 'acme/clip:1',
    env: { ...env, LOG: 'info', SPILLWAY_POD_COMMAND: 'spillway-worker clip', SPILLWAY_POD_IDLE: '600' },
  });
  expect(bodies()[0]?.env.HMAC).toBe('{{ RUNPOD_SECRET_clip_hmac }}');
  expect(JSON.stringify(bench.runpod.calls)).not.toContain('plain-secret');
});

test.each([
  [['run', '--image', 'a', '--', 'x'], 'say which machine'],
  [['run', '--gpu', 'A40', '--image', 'a'], 'say what to run behind `--`'],
  [['run', '--vram', '24', '--image', 'a', '--', 'x'], '--vram: expected gigabytes'],
  [['run', '--gpu', 'A40', '--image', 'a', '--max-time', '5', '--', 'x'], '--max-time: expected a duration'],
  [['stop'], 'say which pod'],
])('wrong use is a sentence: %j', async (args, sentence) => {
  const run = await spillway(args);
  expect(run).toMatchObject({ code: 2 });
  expect(run.stderr).toContain(sentence);
  expect(bodies()).toEqual([]);
});
