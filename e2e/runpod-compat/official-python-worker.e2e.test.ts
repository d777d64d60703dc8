// The unmodified Python worker of RunPod, started by the gateway from a `command` endpoint: it finds the gateway by
// its environment alone, and jobs that return, fail, stream and are cancelled end as on RunPod.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { isGroupRunning } from '../harness/running-processes.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const PLAIN = `
import asyncio, os, runpod
async def handler(job):
    given = job["input"]
    if given.get("fail"):
        raise ValueError("no luck")
    if given.get("returnError"):
        return {"error": "refused", "error_code": 7}
    if given.get("wait"):
        runpod.serverless.progress_update(job, "waiting")
        await asyncio.sleep(600)
    return {"echo": given, "home": os.environ["HOME"], "secret": os.environ.get("SPILLWAY_ADMIN_KEY")}
runpod.serverless.start({"handler": handler})
`;

const STREAM = `
import runpod
def handler(job):
    for number in range(job["input"]["count"]):
        yield {"part": number}
runpod.serverless.start({"handler": handler, "return_aggregate_stream": True})
`;

const python = pythonWithRunpod();

describe.skipIf(python === undefined)('the official Python worker', () => {
  let test: TestGateway;
  beforeAll(async () => {
    const endpoint = (name: string) =>
      `  ${name}:\n    command: [${python}, -u, ${name}.py]\n    cwd: .\n    workers: { max: 1, idleTimeout: 60s }\n    cancelGrace: 5s\n`;
    test = await startGateway(`endpoints:\n${endpoint('plain')}${endpoint('parts')}`, {
      'plain.py': PLAIN,
      'parts.py': STREAM,
    });
  });
  afterAll(() => test.stop());

  type Reply = Record<string, unknown> & { id: string; status: string };
  const runsync = async (endpoint: string, input: object) =>
    (await (await test.call(`/v2/${endpoint}/runsync?wait=120000`, { json: { input } })).json()) as Reply;
  const status = async (id: string) => (await (await test.call(`/v2/plain/status/${id}`)).json()) as Reply;

  it('runs a job, with an empty input too, in a private home and without the gateway’s secrets', async () => {
    const reply = await runsync('plain', {});
    expect(reply).toMatchObject({ status: 'COMPLETED', output: { echo: {}, secret: null } });
    expect((reply.output as { home: string }).home).toContain(test.folder);
    expect(await runsync('plain', { text: 'grüße' })).toMatchObject({ output: { echo: { text: 'grüße' } } });
  });

  it('reports an exception as RunPod’s JSON, and a returned error beside its output', async () => {
    const thrown = await runsync('plain', { fail: true });
    expect(thrown.status).toBe('FAILED');
    expect(JSON.parse(String(thrown.error))).toMatchObject({ error_message: 'no luck' });
    expect(await runsync('plain', { returnError: true })).toMatchObject({
      status: 'FAILED',
      error: 'refused',
      output: { error_code: 7 },
    });
  });

  it('stops a cancelled job, and the same worker goes on with the next', async () => {
    const { id } = (await (
      await test.call('/v2/plain/run', { json: { input: { wait: true } } })
    ).json()) as Reply;
    await until(async () => (await status(id)).output === 'waiting');
    const { workerId } = await status(id);
    await test.call(`/v2/plain/cancel/${id}`, { json: {} });
    const next = await runsync('plain', { next: true });
    expect(next).toMatchObject({ status: 'COMPLETED', workerId });
    expect(await status(id)).toMatchObject({ status: 'CANCELLED' });
  });

  it('streams a generator and returns its values together', async () => {
    const { id } = (await (
      await test.call('/v2/parts/run', { json: { input: { count: 4 } } })
    ).json()) as Reply;
    const parts: unknown[] = [];
    for (;;) {
      const reply = await test.call(`/v2/parts/stream/${id}?wait=60000`);
      const { stream, status: now } = (await reply.json()) as {
        stream: { output: unknown }[];
        status: string;
      };
      parts.push(...stream.map((chunk) => chunk.output));
      if (now === 'COMPLETED' && stream.length === 0) break;
    }
    const expected = [0, 1, 2, 3].map((part) => ({ part }));
    expect(parts).toEqual(expected);
    const done = (await (await test.call(`/v2/parts/status/${id}`)).json()) as Reply;
    expect(done.output).toEqual(expected);
  });

  it('leaves nothing of itself running, its ping process neither', async () => {
    const { workers } = (await (await test.call('/v1/workers')).json()) as { workers: { pid: number }[] };
    expect(workers.length).toBeGreaterThan(0);
    await test.gateway.stop();
    await until(() => !workers.some(({ pid }) => isGroupRunning(pid)));
  });
});
