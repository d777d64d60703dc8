// A batch outlives its gateway: kill -9 while its requests become jobs and while they run, with a retention of jobs far
// shorter than the test. Every request ends with its own result, none is made a job twice, and all results are kept.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';

const REQUESTS = 600;
const COMPLETED_BEFORE_KILL = 50;

const WORKER = nodeWorker(
  `(await import('node:fs')).appendFileSync('ran.log', job.input.n + ' ' + job.id.replace(/-a\\d+$/, '') + '\\n');
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { twice: job.input.n * 2, batch: job.batchId };`,
  ' concurrency: 4,',
);

interface Summary {
  readonly status: string;
  readonly requestTotal: number;
  readonly requestCompleted: number;
  readonly requestFailed: number;
}

interface Results {
  readonly requests: readonly { status: string; jobId: string; output?: { twice: number; batch: string } }[];
}

let folder: ReturnType<typeof makeFolder>;
beforeEach(() => {
  const yaml = `retention: { results: 200ms }\nendpoints:\n${nodeEndpoint('double', 'double.mjs', '    workers: { max: 2 }\n')}`;
  folder = makeFolder(yaml, { 'double.mjs': WORKER });
});
afterEach(() => folder.remove());

const inputs = Array.from({ length: REQUESTS }, (_, n) => ({ input: { n } }));
const read = async <T>(gateway: GatewayProcess, path: string) =>
  (await (await gateway.call(path)).json()) as T;

it('a batch comes through kill -9 with every result, and no request runs as two jobs', async () => {
  let gateway = await spawnGateway(folder.path);
  const made = await gateway.call('/v2/double/batch', inputs.slice(0, 100));
  const { id } = (await made.json()) as { id: string };
  const path = `/v2/double/batch/${id}`;
  await gateway.call(`${path}/requests`, { requests: inputs.slice(100) });
  const summary = () => read<Summary>(gateway, path);
  const restart = async () => {
    await gateway.kill();
    gateway = await spawnGateway(folder.path);
  };
  try {
    expect((await gateway.call(`${path}/finalize`, {})).status).toBe(200);
    await restart();
    expect(await summary()).toMatchObject({ status: 'FINALIZED', requestTotal: REQUESTS });
    await until(async () => (await summary()).requestCompleted >= COMPLETED_BEFORE_KILL);
    await restart();
    await until(async () => {
      const { requestCompleted, requestFailed } = await summary();
      return requestCompleted + requestFailed === REQUESTS;
    });
    const results = await read<Results>(gateway, `${path}/requests?limit=1000`);
    expect(results.requests.map((request) => request.output)).toEqual(
      inputs.map(({ input }) => ({ twice: input.n * 2, batch: id })),
    );
    // Long after the jobs themselves are gone.
    await until(async () => (await read<{ jobs: unknown[] }>(gateway, '/v1/jobs')).jobs.length === 0);
    expect(await read<Results>(gateway, `${path}/requests?limit=1000`)).toEqual(results);
    const ran = readFileSync(join(folder.path, 'ran.log'), 'utf8').trim().split('\n');
    expect(new Set(ran).size).toBe(REQUESTS);
  } finally {
    await gateway.stop();
  }
});
