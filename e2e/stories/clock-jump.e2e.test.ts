// The wall clock jumps by a day, forward and back, while the gateway runs: nothing expires, nothing is delivered twice,
// and delays last as long as they should. Set back while no gateway runs, jobs of before are delivered all the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';

const DAY_MS = 86_400_000;
const PRELOAD = new URL('../harness/shifting-clock.ts', import.meta.url).href;

// A busy machine may be late by seconds; a jump is a day.
const YAML = `lease: { duration: 60s, heartbeat: 500ms }
endpoints:
${nodeEndpoint('work', 'work.mjs', '    workers: { min: 1, max: 1, idleTimeout: 60s }\n    retries: { handlerError: 1 }\n')}${nodeEndpoint('none', 'work.mjs', '    workers: { max: 0 }\n')}`;

const WORKER = nodeWorker(
  `if (job.input.failsFirst && context.attempt === 1) throw new Error('once more, please');
    const { existsSync } = await import('node:fs');
    context.progress('begun');
    while (job.input.until && !existsSync(job.input.until)) await new Promise((resolve) => setTimeout(resolve, 10));
    return { attempt: context.attempt };`,
  ' concurrency: 4,',
);

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly output?: unknown;
}

describe('the wall clock', () => {
  let folder: ReturnType<typeof makeFolder>;
  let gateway: GatewayProcess;
  let clockFile: string;
  beforeEach(() => {
    folder = makeFolder(YAML, { 'work.mjs': WORKER });
    clockFile = join(folder.path, 'wall-clock');
  });
  afterEach(async () => {
    await gateway.stop();
    folder.remove();
  });

  const start = async (offMs: number) => {
    writeFileSync(clockFile, String(offMs));
    const env = { NODE_OPTIONS: `--import=${PRELOAD}`, SPILLWAY_TEST_WALL_CLOCK: clockFile };
    gateway = await spawnGateway(folder.path, [], env);
  };
  const jump = async (offMs: number) => {
    writeFileSync(clockFile, String(offMs));
    gateway.child.kill('SIGUSR2');
    await until(() => readFileSync(`${clockFile}.read`, 'utf8') === String(offMs));
  };
  const json = async <T>(reply: Promise<Response>) => (await (await reply).json()) as T;
  const submit = async (input: object, endpoint = 'work') =>
    (await json<Shown>(gateway.call(`/v2/${endpoint}/run`, { input }))).id;
  const status = (id: string, endpoint = 'work') => json<Shown>(gateway.call(`/v2/${endpoint}/status/${id}`));
  const ended = (id: string, endpoint = 'work') =>
    json<Shown>(gateway.call(`/v2/${endpoint}/status-sync/${id}?wait=60000`));
  /** Its second delivery comes a second after the first: by then all deadlines were looked at, several times. */
  const deadlinesSeen = async () => {
    expect(await ended(await submit({ failsFirst: true }))).toMatchObject({
      status: 'COMPLETED',
      output: { attempt: 2 },
    });
  };

  it('jumps forward and back by a day, and nothing expires or is delivered twice', async () => {
    await start(0);
    const go = join(folder.path, 'go');
    const old = await submit({});
    expect(await ended(old)).toMatchObject({ status: 'COMPLETED' });
    const running = await submit({ until: go });
    const queued = await submit({}, 'none');
    await until(async () => (await status(running)).output === 'begun');
    const workers = await gateway.workerPids();

    for (const offMs of [DAY_MS, 0, -DAY_MS, 0]) {
      await jump(offMs);
      await deadlinesSeen();
      expect((await status(running)).status).toBe('IN_PROGRESS');
      expect((await status(queued, 'none')).status).toBe('IN_QUEUE');
      // Neither forgotten, though results are kept for half an hour only.
      expect((await status(old)).status).toBe('COMPLETED');
    }
    expect(await gateway.workerPids()).toEqual(workers);
    writeFileSync(go, '');
    expect(await ended(running)).toMatchObject({ status: 'COMPLETED', output: { attempt: 1 } });
  });

  it('was set back by a day while no gateway ran, and jobs of before are delivered all the same', async () => {
    await start(DAY_MS);
    const queued = await submit({}, 'none');
    await gateway.stop();
    await start(0);
    const later = await submit({}, 'none');
    for (const id of [queued, later]) {
      const taken = await json<Shown>(gateway.call('/v2/none/job-take/pool?gpu=cpu&job_in_progress=0'));
      expect(taken.id).toBe(id);
    }
    await deadlinesSeen();
  });
});
