// Cancelling one of several jobs that share a worker stops that one alone: the worker is neither ended for it nor are
// its other jobs delivered again, however rarely it sends heartbeats.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const GRACE_S = 1;

/** A job that is to be cancelled waits for that; the other ends when the grace time of the first is well over. */
const NODE = nodeWorker(
  `
    context.progress('here');
    if (job.input.isCancelled) {
      await new Promise((stop) => context.signal.addEventListener('abort', stop));
      globalThis.stoppedAt = Date.now();
    }
    while (!(Date.now() >= globalThis.stoppedAt + ${GRACE_S * 3000})) await new Promise((go) => setTimeout(go, 20));
    return process.pid;`,
  '\n  concurrency: 4,',
);

const PYTHON = `
import asyncio, os, time, runpod
stopped_at = None
async def handler(job):
    global stopped_at
    runpod.serverless.progress_update(job, "here")
    if job["input"].get("isCancelled"):
        try:
            await asyncio.sleep(600)
        finally:
            stopped_at = time.time()
    while not stopped_at or time.time() < stopped_at + ${GRACE_S * 3}:
        await asyncio.sleep(0.02)
    return os.getpid()
runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda current: 4})
`;

describe('cancelling one of several jobs of a worker', () => {
  const python = pythonWithRunpod();
  let test: TestGateway;
  beforeAll(async () => {
    const more = `    workers: { max: 1 }\n    cancelGrace: ${GRACE_S}s\n`;
    const pythonEndpoint = `  python:\n    command: [${python ?? 'python3'}, -u, worker.py]\n    cwd: .\n${more}`;
    test = await startGateway(`endpoints:\n${nodeEndpoint('node', 'worker.mjs', more)}${pythonEndpoint}`, {
      'worker.mjs': NODE,
      'worker.py': PYTHON,
    });
  });
  afterAll(() => test.stop());

  const submit = async (endpoint: string, input: object) =>
    ((await (await test.call(`/v2/${endpoint}/run`, { json: { input } })).json()) as { id: string }).id;
  const look = async (path: string) => (await (await test.call(path)).json()) as Record<string, unknown>;

  it.for(['node', ...(python ? ['python'] : [])])(
    'leaves the others where they run: %s',
    async (endpoint) => {
      const cancelled = await submit(endpoint, { isCancelled: true });
      const other = await submit(endpoint, {});
      for (const id of [cancelled, other])
        await until(async () => (await look(`/v2/${endpoint}/status/${id}`)).output === 'here');
      const { workerId } = await look(`/v2/${endpoint}/status/${other}`);
      await test.call(`/v2/${endpoint}/cancel/${cancelled}`, { json: {} });

      const end = await look(`/v2/${endpoint}/status-sync/${other}?wait=60000`);
      expect(end).toMatchObject({ status: 'COMPLETED', workerId });
      const { attempts } = await look(`/v1/jobs/${other}`);
      expect(attempts).toHaveLength(1);
      expect(await look(`/v2/${endpoint}/status/${cancelled}`)).toMatchObject({ status: 'CANCELLED' });
    },
  );
});
