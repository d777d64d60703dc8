// Endpoints share a graphics card by their needs: each worker sees the card that it was put on, a job that finds no room
// is told why, and gets the memory of a worker that idles. The card is a stand-in for nvidia-smi.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GpusView } from '@spillway/protocol/v1';
import { createClient } from '@spillway/sdk/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';

const CARD = 'GPU-6d9a1f0e-0000-4000-8000-000000000001';
const SMI = `#!/bin/sh
echo '0, ${CARD}, NVIDIA RTX A4000, 8192, 0, 580.95.05, [N/A]'
`;
const WORKER = nodeWorker(`
    const { existsSync } = await import('node:fs');
    while (job.input.until && !existsSync(job.input.until)) await new Promise((resolve) => setTimeout(resolve, 20));
    return { devices: process.env.CUDA_VISIBLE_DEVICES ?? null, count: process.env.RUNPOD_GPU_COUNT };
`);
const endpoint = (name: string, gpu: string) =>
  nodeEndpoint(name, 'worker.mjs', `    gpu: ${gpu}\n    workers: { max: 1, idleTimeout: 600s }\n`);
const YAML = `endpoints:
${endpoint('speech', '{ memory: 5g }')}${endpoint('pictures', '{ memory: 4g }')}${endpoint('huge', '{ memory: 9g }')}${endpoint('words', 'none')}`;

describe('a card that several endpoints share', () => {
  let folder: ReturnType<typeof makeFolder>;
  let gateway: GatewayProcess;
  beforeEach(async () => {
    folder = makeFolder(YAML, { 'worker.mjs': WORKER });
    const bin = join(folder.path, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'nvidia-smi'), SMI);
    chmodSync(join(bin, 'nvidia-smi'), 0o755);
    gateway = await spawnGateway(folder.path, [], { PATH: `${bin}:${process.env.PATH}` });
  });
  afterEach(async () => {
    await gateway.kill();
    folder.remove();
  });

  const client = () => createClient({ baseUrl: `${gateway.url}/v2`, apiKey: ADMIN_KEY });
  const waitReason = async (id: string) => (await client().jobs.show(id)).waitReason;
  const gpus = async (): Promise<GpusView> => client().gpus();

  it('puts workers on it as far as its memory goes, and has an idle one give way', async () => {
    const go = join(folder.path, 'go');
    const first = await client().endpoint('speech').run({ until: go });
    await until(async () => (await gpus()).cards[0]?.workers[0]?.state === 'running');
    expect((await gpus()).cards[0]?.workers).toMatchObject([
      { endpoint: 'speech', memoryBytes: 5 * 1024 ** 3 },
    ]);

    const second = await client().endpoint('pictures').run({});
    await until(async () => (await waitReason(second.id))?.code === 'NO_GPU_MEMORY');
    expect((await waitReason(second.id))?.message).toBe(
      'no worker starts: one needs 4 GB on a graphics card, GPU 0 (NVIDIA RTX A4000) has 2.7 GB of 8 GB free: a worker of speech holds 5 GB (busy); no job is ahead',
    );

    writeFileSync(go, '');
    const done = [
      await client().endpoint('speech').waitForJob(first.id),
      await client().endpoint('pictures').waitForJob(second.id),
    ];
    for (const { output } of done) expect(output).toEqual({ devices: CARD, count: '1' });
    expect((await gpus()).cards[0]?.workers.map((worker) => worker.endpoint)).toEqual(['pictures']);
  });

  it('tells a job whose worker fits on no card, and runs one that wants none', async () => {
    const { id } = await client().endpoint('huge').run({});
    await until(async () => (await waitReason(id))?.code === 'NO_GPU_MEMORY');
    expect((await waitReason(id))?.message).toContain(
      'one needs 9 GB on a graphics card, the largest one here, GPU 0 (NVIDIA RTX A4000), has 8 GB',
    );
    const { output } = await client().endpoint('words').runSync({});
    expect(output).toEqual({ devices: '-1', count: '0' });
  });
});
