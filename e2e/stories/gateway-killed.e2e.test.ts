// The promise of a 2xx: kill -9 of the gateway under load loses nothing that it acknowledged, and leaves no worker
// behind, though it never got to say goodbye. The hard part is that both are checked while submits are in flight.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { isRunning } from '../harness/running-processes.ts';

const ROUNDS = 3;
const SUBMITTERS = 8;
const ACKNOWLEDGED_BEFORE_KILL = 150;

const WORKER = nodeWorker('return { twice: job.input.n * 2 };', ' concurrency: 4,');
// A worker that ignores every polite request, with a child of its own.
const STUBBORN = `
import { spawn } from 'node:child_process';
process.on('SIGTERM', () => {});
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
console.log('child ' + child.pid);
await fetch(process.env.RUNPOD_WEBHOOK_GET_JOB.replace('$ID', process.env.RUNPOD_POD_ID) + '&job_in_progress=0', {
  headers: { authorization: process.env.RUNPOD_AI_API_KEY },
}).catch(() => {});
setInterval(() => {}, 1000);
`;

describe('kill -9 of the gateway', () => {
  let folder: ReturnType<typeof makeFolder>;
  beforeEach(() => {
    const yaml = `endpoints:\n${nodeEndpoint('double', 'double.mjs', '    workers: { max: 2 }\n')}${nodeEndpoint('stubborn', 'stubborn.mjs')}`;
    folder = makeFolder(yaml, { 'double.mjs': WORKER, 'stubborn.mjs': STUBBORN });
  });
  afterEach(() => folder.remove());

  it('loses no acknowledged job and leaves no worker, round after round', async () => {
    const acknowledged = new Map<string, number>();
    let next = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const gateway = await spawnGateway(folder.path);
      const before = acknowledged.size;
      const submitters = Array.from({ length: SUBMITTERS }, async () => {
        for (;;) {
          next += 1;
          const n = next;
          // The submit that the kill cuts off may or may not have been kept; it was never acknowledged.
          const reply = await gateway.call('/v2/double/run', { input: { n } }).catch(() => undefined);
          if (!reply?.ok) return;
          const { id } = (await reply.json().catch(() => ({}))) as { id?: string };
          if (id === undefined) return;
          acknowledged.set(id, n);
        }
      });
      await until(
        async () =>
          acknowledged.size - before >= ACKNOWLEDGED_BEFORE_KILL && (await gateway.workerPids()).length > 0,
      );
      const pids = await gateway.workerPids();
      expect(pids.length).toBeGreaterThan(0);
      await gateway.kill();
      await Promise.all(submitters);
      await until(() => !pids.some(isRunning));
    }

    const gateway = await spawnGateway(folder.path);
    for (const [id, n] of acknowledged) {
      const reply = await gateway.call(`/v2/double/status-sync/${id}?wait=60000`);
      expect(await reply.json()).toMatchObject({ id, status: 'COMPLETED', output: { twice: n * 2 } });
    }
    await gateway.stop();
  });

  it('ends a worker that ignores SIGTERM, and the worker’s own child', async () => {
    const gateway = await spawnGateway(folder.path);
    await gateway.call('/v2/stubborn/run', { input: {} });
    const childPid = async () => {
      const log = await gateway.call('/v1/endpoints/stubborn/logs');
      return Number(/child (\d+)/.exec(await log.text())?.[1] ?? 0);
    };
    await until(async () => (await childPid()) > 0);
    const pids = [...(await gateway.workerPids()), await childPid()];
    expect(pids.every(isRunning)).toBe(true);
    await gateway.kill();
    await until(() => !pids.some(isRunning));
  });
});
