// The unmodified Python client of RunPod, blocking and asyncio, against a running gateway: every call that it has, by
// setting nothing but RUNPOD_ENDPOINT_BASE_URL and the key.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const WORKER = nodeWorker(`
    if (job.input.wait) await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    if (job.input.fail) throw new Error('no luck');
    return { echo: job.input };
`);

const STREAMER = nodeWorker('').replace(
  /async handler[\s\S]*?\n {2}\},/,
  `async *handler(job) {
    for (let i = 0; i < job.input.count; i += 1) yield { part: i };
  },`,
);

const BLOCKING = `
import json, time, requests, runpod, os
runpod.api_key = os.environ["KEY"]
echo, parts, idle = (runpod.Endpoint(name) for name in ("echo", "parts", "idle"))
seen = {}
seen["run_sync"] = echo.run_sync({"text": "grüße"})
seen["run_sync with a timeout"] = echo.run_sync({"input": {"n": 1}}, timeout=60)
job = echo.run({"input": {"n": 2}})
seen["output"] = job.output(timeout=60)
seen["status"] = job.status()
seen["stream"] = list(parts.run({"input": {"count": 4}}).stream())
failed = echo.run({"input": {"fail": True}})
seen["output of a failed job"] = failed.output(timeout=60)
seen["status of a failed job"] = failed.status()
seen["run_sync of a failed job"] = echo.run_sync({"input": {"fail": True}})
waiting = echo.run({"input": {"wait": True}})
while waiting.status() == "IN_QUEUE":
    time.sleep(0.05)
seen["cancel"] = waiting.cancel()["status"]
seen["status after cancel"] = waiting.status()
seen["run_sync after cancel"] = echo.run_sync({"input": {"n": 3}})
seen["health"] = echo.health()
for n in range(3):
    idle.run({"input": {"n": n}})
seen["purge_queue"] = idle.purge_queue()
seen["health after purge"] = idle.health()["jobs"]
try:
    runpod.Endpoint("echo", api_key="wrong").health()
except RuntimeError as error:
    seen["wrong key"] = str(error)
try:
    runpod.Endpoint("nowhere").run({"input": {"n": 1}})
except requests.HTTPError as error:
    seen["unknown endpoint"] = error.response.status_code
print(json.dumps(seen))
`;

const ASYNCIO = `
import asyncio, json, os
import aiohttp, runpod
runpod.api_key = os.environ["KEY"]

async def main():
    seen = {}
    async with aiohttp.ClientSession() as session:
        echo, parts, idle = (runpod.AsyncioEndpoint(name, session) for name in ("echo", "parts", "idle"))
        job = await echo.run({"n": 1})
        seen["output"] = await job.output(timeout=60)
        seen["status"] = await job.status()
        jobs = await asyncio.gather(*(echo.run({"n": n}) for n in range(20)))
        outputs = await asyncio.gather(*(job.output(timeout=60) for job in jobs))
        seen["twenty at once"] = [output["echo"]["n"] for output in outputs]
        streaming = await parts.run({"count": 4})
        seen["stream"] = [chunk async for chunk in streaming.stream()]
        failed = await echo.run({"fail": True})
        seen["output of a failed job"] = await failed.output(timeout=60)
        seen["status of a failed job"] = await failed.status()
        waiting = await echo.run({"wait": True})
        while await waiting.status() == "IN_QUEUE":
            await asyncio.sleep(0.05)
        seen["cancel"] = (await waiting.cancel())["status"]
        seen["status after cancel"] = await waiting.status()
        seen["health"] = await echo.health()
        for n in range(3):
            await idle.run({"n": n})
        seen["purge_queue"] = await idle.purge_queue()
        stranger = runpod.AsyncioEndpoint("echo", session, api_key="wrong")
        seen["wrong key"] = (await stranger.health())["status"]
    print(json.dumps(seen))

asyncio.run(main())
`;

const python = pythonWithRunpod();

describe.skipIf(python === undefined)('the official Python client', () => {
  let test: TestGateway;
  beforeAll(async () => {
    const endpoints = [
      nodeEndpoint('echo', 'echo.mjs', '    workers: { max: 1, idleTimeout: 60s }\n'),
      nodeEndpoint('parts', 'parts.mjs', '    workers: { max: 1, idleTimeout: 60s }\n'),
      nodeEndpoint('idle', 'echo.mjs', '    workers: { max: 0 }\n'),
    ];
    test = await startGateway(`endpoints:\n${endpoints.join('')}`, {
      'echo.mjs': WORKER,
      'parts.mjs': STREAMER,
      'blocking.py': BLOCKING,
      'asynchronous.py': ASYNCIO,
    });
  });
  afterAll(() => test.stop());

  const run = async (file: string) => {
    const env = {
      ...process.env,
      RUNPOD_ENDPOINT_BASE_URL: `${test.url}/v2`,
      KEY: ADMIN_KEY,
      HOME: test.folder,
    };
    const args = [join(test.folder, file)];
    const { stdout } = await promisify(execFile)(python ?? '', args, { env, timeout: 120_000 });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  const parts = [0, 1, 2, 3].map((part) => ({ part }));
  const workers = ['idle', 'initializing', 'ready', 'running', 'throttled', 'unhealthy'];
  const shownHealth = (seen: Record<string, unknown>) =>
    seen.health as { jobs: Record<string, number>; workers: Record<string, number> };

  it('does all that it can, blocking', async () => {
    const seen = await run('blocking.py');
    expect(seen).toMatchObject({
      run_sync: { echo: { text: 'grüße' } },
      'run_sync with a timeout': { echo: { n: 1 } },
      output: { echo: { n: 2 } },
      status: 'COMPLETED',
      stream: parts,
      'output of a failed job': null,
      'status of a failed job': 'FAILED',
      'run_sync of a failed job': null,
      cancel: 'CANCELLED',
      'status after cancel': 'CANCELLED',
      'run_sync after cancel': { echo: { n: 3 } },
      purge_queue: { removed: 3, status: 'completed' },
      'health after purge': { inQueue: 0, inProgress: 0 },
      'wrong key': '401 Unauthorized | Make sure Runpod API key is set and valid.',
      'unknown endpoint': 404,
    });
    expect(shownHealth(seen).jobs).toMatchObject({ completed: 4, failed: 2, inProgress: 0, inQueue: 0 });
    expect(Object.keys(shownHealth(seen).workers).sort()).toEqual(workers);
  });

  it('does all that it can, with asyncio', async () => {
    const seen = await run('asynchronous.py');
    expect(seen).toMatchObject({
      output: { echo: { n: 1 } },
      status: 'COMPLETED',
      'twenty at once': Array.from({ length: 20 }, (_, n) => n),
      stream: parts,
      'output of a failed job': null,
      'status of a failed job': 'FAILED',
      cancel: 'CANCELLED',
      'status after cancel': 'CANCELLED',
      purge_queue: { removed: 3, status: 'completed' },
      'wrong key': 401,
    });
    expect(Object.keys(shownHealth(seen).workers).sort()).toEqual(workers);
  });
});
