import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createManualClock, createSystemClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import { inspectGpus } from '../src/fleet/gpu/inspect-gpus.ts';
import { GIGABYTE, MEGABYTE } from '../src/fleet/gpu/memory-text.ts';
import { readCards } from '../src/fleet/gpu/read-cards.ts';
import { eventually } from './process-watch.ts';

// A stand-in for nvidia-smi: prints what the real one prints, and writes down how it was called.

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spillway-cards-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const called = () => path.join(folder, 'calls.txt');

function placeTool(script: string): void {
  const file = path.join(folder, 'nvidia-smi');
  writeFileSync(file, `#!/bin/sh\necho "$*" >> '${called()}'\n${script}\n`);
  chmodSync(file, 0o755);
}

const CARDS = [
  '0, GPU-6d9a1f0e-0000-4000-8000-000000000001, NVIDIA RTX A5000, 24564, 1200, 580.95.05, [N/A]',
  '1, GPU-6d9a1f0e-0000-4000-8000-000000000002, NVIDIA L4, 23034, 0, 580.95.05, [N/A]',
].join('\n');

const look = (env: Record<string, string> = {}) =>
  readCards({ clock: createSystemClock(), env: { PATH: folder, SECRET: 'x', ...env } });

test('the cards are those that nvidia-smi lists', async () => {
  placeTool(`echo '${CARDS}'`);
  const { cards, driverVersion, problem } = await look();
  expect(cards).toMatchObject([
    { index: 0, name: 'NVIDIA RTX A5000', totalBytes: 24_564 * MEGABYTE, usedBytes: 1_200 * MEGABYTE },
    { index: 1, name: 'NVIDIA L4', usedBytes: 0 },
  ]);
  expect(driverVersion).toBe('580.95.05');
  expect(problem).toBeUndefined();
  expect(readFileSync(called(), 'utf8')).toBe(
    '--query-gpu=index,uuid,name,memory.total,memory.used,driver_version,mig.mode.current --format=csv,noheader,nounits\n',
  );
});

test('a machine without the tool has no cards, and that is no error', async () => {
  expect(await look()).toMatchObject({ cards: [], problem: 'nvidia-smi is not installed' });
});

test.each([
  ['echo "No devices were found"; exit 6', 'nvidia-smi finds none'],
  [
    'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver. Make sure that it runs."; exit 9',
    "nvidia-smi says: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that it runs.",
  ],
  [
    'echo "Failed to initialize NVML: Driver/library version mismatch" >&2; exit 18',
    'Driver/library version mismatch',
  ],
  ['exit 3', 'nvidia-smi says: exit code 3'],
  ['exit 0', 'nvidia-smi lists none'],
  ['echo "0, GPU-1, NVIDIA GB10, [N/A], [N/A], 580.95.05, [N/A]"', 'names no card with a known memory'],
])('a tool that does %j: no cards, and why', async (script, problem) => {
  placeTool(script);
  const reading = await look();
  expect(reading.cards).toEqual([]);
  expect(reading.problem).toContain(problem);
});

test('a tool that hangs is ended after a while', async () => {
  placeTool('exec sleep 1000');
  const clock = createManualClock();
  const reading = readCards({ clock, env: { PATH: `${folder}:${process.env.PATH}` } });
  await eventually(() => existsSync(called()));
  await clock.advance(5_000);
  expect(await reading).toMatchObject({ cards: [], problem: 'nvidia-smi did not answer within 5 s' });
});

test('a driver from before MIG is asked without it; a card that is cut up is shown by its parts', async () => {
  placeTool(
    `case "$*" in *mig*) echo 'Field "mig.mode.current" is not a valid field to query.'; exit 2;; esac; echo '0, GPU-1, Tesla V100-SXM2-16GB, 16160, 3, 440.33.01'`,
  );
  expect((await look()).cards).toMatchObject([{ name: 'Tesla V100-SXM2-16GB' }]);
  placeTool(
    `if [ "$1" = -L ]; then echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)'; echo '  MIG 3g.40gb     Device  0: (UUID: MIG-11)'; else echo '0, GPU-1, NVIDIA H100, 81559, 5, 580.95.05, Enabled'; fi`,
  );
  expect((await look()).cards).toMatchObject([{ id: 'MIG-11', part: '3g.40gb' }]);
});

test('only the cards that CUDA would see are told', async () => {
  placeTool(`echo '${CARDS}'`);
  expect((await look({ CUDA_VISIBLE_DEVICES: '1' })).cards).toMatchObject([{ index: 1 }]);
  const hidden = await look({ CUDA_VISIBLE_DEVICES: '-1' });
  expect(hidden).toMatchObject({ cards: [], problem: 'CUDA_VISIBLE_DEVICES hides them' });
});

test('no secret of the gateway’s environment reaches the tool', async () => {
  placeTool(`echo "0, GPU-1, NVIDIA $SECRET, 8192, 0, 580.95.05, [N/A]"`);
  expect((await look()).cards[0]?.name).toBe('NVIDIA');
});

test('without a gateway this machine’s cards are told, and what a model’s card says that its worker needs', async () => {
  placeTool(`echo '${CARDS}'`);
  writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ vramBytes: 2 * GIGABYTE }));
  const env = { DETECTOR_WEIGHTS: './model.onnx', SAM_MODEL_PATH: '/models/sam2.1_hiera_large.onnx' };
  const endpoint = newTestEndpoint({ name: 'detect', worker: 'detect', cwd: folder, env });
  const view = await inspectGpus([endpoint], { PATH: folder });
  expect(view.cards).toHaveLength(2);
  expect(view.endpoints[0]).toMatchObject({
    need: {
      origin: 'known',
      isPlaced: false,
      parts: [
        { what: 'detector ./model.onnx', memoryBytes: 2 * GIGABYTE },
        { what: 'segmenter SAM 2', memoryBytes: 3.5 * GIGABYTE },
        { what: 'CUDA and pictures' },
      ],
    },
    cards: ['GPU-6d9a1f0e-0000-4000-8000-000000000001', 'GPU-6d9a1f0e-0000-4000-8000-000000000002'],
  });
});
