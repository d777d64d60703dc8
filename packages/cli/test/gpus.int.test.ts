import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GpusView } from '@spillway/protocol/v1';
import { afterEach, expect, test } from 'vitest';
import { useCliStage } from './cli-stage.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { runCli } from './start-cli.ts';

const stage = useCliStage();
let gateway: FakeGateway | undefined;

afterEach(() => {
  gateway = undefined;
});

const GB = 1024 ** 3;
const price = { asOf: '2026-08-20', source: 'a price table' };
const VIEW: GpusView = {
  readAt: 1,
  driverVersion: '580.95.05',
  cards: [
    {
      ...{ id: 'GPU-1', index: 0, name: 'NVIDIA RTX A5000', totalBytes: 24 * GB, usedBytes: 7.04 * GB },
      freeBytes: 16.97 * GB,
      workers: [{ id: 'o2puiqesvkje4k', endpoint: 'detect', state: 'idle', memoryBytes: 7 * GB }],
    },
  ],
  endpoints: [
    {
      ...{ name: 'detect', usesNone: false, cards: ['GPU-1'], pools: ['AMPERE_16', 'AMPERE_24'] },
      need: {
        ...{ memoryBytes: 7 * GB, count: 1, origin: 'known', source: 'a table', isPlaced: true },
        parts: [{ what: 'detector medium', memoryBytes: 1.5 * GB }],
      },
    },
    {
      ...{ name: 'big', usesNone: false, cards: [], pools: ['AMPERE_24'], obstacle: 'one needs 20 GB' },
      need: { memoryBytes: 20 * GB, count: 2, origin: 'declared', isPlaced: true, parts: [] },
    },
    { name: 'words', usesNone: true, cards: [], pools: [] },
  ],
  pools: [
    {
      id: 'AMPERE_16',
      cards: ['RTX A4000'],
      memoryGb: 16,
      flexPerSecond: 0.00016,
      flexPerHour: 0.576,
      price,
    },
    {
      ...{ id: 'AMPERE_24', cards: ['L4'], memoryGb: 24, flexPerSecond: 0.00019, flexPerHour: 0.684, price },
      ...{ activePerSecond: 0.00013, activePerHour: 0.468 },
    },
  ],
};

async function withGateway(...args: string[]) {
  gateway = await stage.play({ 'GET /v1/gpus': { json: VIEW } });
  return runCli(['gpus', ...args], {
    cwd: stage.cwd,
    env: { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: 'spk_key' },
  });
}

const words = (text: string) => text.replaceAll(/ +/g, ' ');

test('cards, the workers on them, and where endpoints fit at what price', async () => {
  const { code, stdout, stderr } = await withGateway();
  expect(code).toBe(0);
  expect(stderr).toBe('');
  const text = words(stdout);
  expect(text).toContain('0 NVIDIA RTX A5000 24 GB 7.1 GB 16.9 GB detect o2puiqesvkje4k (7 GB, idle)');
  expect(text).toContain('detect 7 GB 0 AMPERE_16: $0.00016 a second, $0.58 an hour');
  expect(text).toContain(
    'big 2 cards with 20 GB none that is large enough AMPERE_24: $0.00038 a second, $1.37 an hour',
  );
  expect(text).toContain('words none - -');
  expect(text).toContain('big: no room for a further worker: one needs 20 GB');
  expect(text).toContain('prices of 2026-08-20: a price table');
});

test('one endpoint: what its need is made of, and all pools that are large enough', async () => {
  const { stdout } = await withGateway('detect');
  const text = words(stdout);
  expect(text).toContain('made of detector medium 1.5 GB');
  expect(text).toContain('known from a table');
  expect(text).toContain('AMPERE_16 RTX A4000 16 GB $0.00016 $0.58 - - 2026-08-20');
  expect(text).toContain('AMPERE_24 L4 24 GB $0.00019 $0.68 $0.00013 $0.47 2026-08-20');
  expect(text).not.toContain('big');
});

test('an endpoint that is not there is told with those that are', async () => {
  const { code, stderr } = await withGateway('nope');
  expect(code).toBe(1);
  expect(stderr).toBe('spillway: no endpoint is called nope; there are: detect, big, words\n');
});

test('--json is what the gateway answers, with its address', async () => {
  const { stdout } = await withGateway('--json');
  expect(JSON.parse(stdout)).toEqual({ gateway: gateway?.url, ...VIEW });
});

test('without a gateway it says so, and shows this machine’s cards and the needs of its file', async () => {
  const bin = path.join(stage.cwd, 'bin');
  mkdirSync(bin);
  const line = '0, GPU-1, NVIDIA L4, 23034, 512, 580.95.05, [N/A]';
  writeFileSync(path.join(bin, 'nvidia-smi'), `#!/bin/sh\necho '${line}'\n`);
  chmodSync(path.join(bin, 'nvidia-smi'), 0o755);
  const yaml = 'endpoints:\n  mine: { command: [x], gpu: { memory: 12g } }\n';
  writeFileSync(path.join(stage.cwd, 'spillway.yaml'), yaml);
  const run = (...args: string[]) => runCli(['gpus', ...args], { cwd: stage.cwd, env: { PATH: bin } });
  const { code, stdout, stderr } = await run();
  expect(code).toBe(0);
  expect(stderr).toContain('no gateway runs here (`spillway up` starts one)');
  expect(words(stdout)).toContain('0 NVIDIA L4 22.4 GB 0.5 GB 21.7 GB -');
  expect(words(stdout)).toContain('mine 12 GB 0 AMPERE_16');
  const json = JSON.parse((await run('--json')).stdout) as { gateway: null; cards: unknown[] };
  expect(json).toMatchObject({ gateway: null, cards: [{ index: 0 }], endpoints: [{ name: 'mine' }] });
});

test('a machine without a card, and a file with a mistake, are told in a sentence', async () => {
  const env = { PATH: stage.cwd };
  const bare = await runCli(['gpus'], { cwd: stage.cwd, env });
  expect(bare.stdout).toContain('no graphics card: nvidia-smi is not installed');
  expect(bare.code).toBe(0);
  writeFileSync(path.join(stage.cwd, 'spillway.yaml'), 'endpoints:\n  mine: { command: [x], gpu: 12g }\n');
  const wrong = await runCli(['gpus'], { cwd: stage.cwd, env });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('write `{ memory: 12g }`') });
});

test('a gateway elsewhere that does not answer is not mistaken for this machine', async () => {
  const env = { SPILLWAY_URL: 'http://127.0.0.1:9', SPILLWAY_API_KEY: 'spk_key' };
  const { code, stdout, stderr } = await runCli(['gpus'], { cwd: stage.cwd, env });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('no gateway at http://127.0.0.1:9');
});
