// The unmodified Python worker of RunPod with every kind of handler that it knows (plain, generator, concurrent) and in
// every way in which a job can end on it: also without a word, by its process's death, by SIGTERM or for a fresh worker.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const PLAIN = `
import os, time, runpod
def handler(job):
    given = job["input"]
    if given.get("unserializable"):
        return {"a", "set"}
    if given.get("nan"):
        return {"loss": float("nan")}
    if given.get("crash"):
        print("about to leave", flush=True)
        os._exit(3)
    for step in range(given.get("steps", 0)):
        runpod.serverless.progress_update(job, f"step {step}")
    while given.get("until") and not os.path.exists(given["until"]):
        time.sleep(0.02)
    return {"done": given.get("n"), "refresh_worker": True} if given.get("refresh") else {"done": given.get("n")}
runpod.serverless.start({"handler": handler})
`;

const PARTS = `
import asyncio, runpod
async def handler(job):
    for number in range(job["input"]["count"]):
        yield {"part": number}
        await asyncio.sleep(0)
    if job["input"].get("fail"):
        raise ValueError("no luck")
    if job["input"].get("error"):
        yield {"error": "enough"}
runpod.serverless.start({"handler": handler, "return_aggregate_stream": True})
`;

const CONCURRENT = `
import asyncio, os, runpod
running, most = set(), 0
async def handler(job):
    global most
    running.add(job["id"])
    most = max(most, len(running))
    try:
        # Ends only when as many have run at once as it asks for.
        while most < job["input"].get("atOnce", 1):
            await asyncio.sleep(0.02)
        while job["input"].get("until") and not os.path.exists(job["input"]["until"]):
            await asyncio.sleep(0.02)
        return most
    finally:
        running.discard(job["id"])
runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda current: 4})
`;

const REFRESHING = `
import runpod
runpod.serverless.start({"handler": lambda job: job["input"], "refresh_worker": True})
`;

const python = pythonWithRunpod();

type Reply = Record<string, unknown> & { id: string; status: string; workerId?: string };

describe.skipIf(python === undefined)('the official Python worker', () => {
  let test: TestGateway;
  beforeAll(async () => {
    const files = { plain: PLAIN, parts: PARTS, four: CONCURRENT, refreshing: REFRESHING };
    const endpoints = Object.keys(files).map(
      (name) => `  ${name}:
    command: [${python}, -u, ${name}.py]
    cwd: .
    workers: { max: ${name === 'plain' ? 2 : 1}, idleTimeout: 60s }
    scaling: { type: QUEUE_DELAY, queueDelay: 500ms }
    cancelGrace: 5s
`,
    );
    test = await startGateway(
      `lease: { duration: 4s, heartbeat: 1s }\nendpoints:\n${endpoints.join('')}`,
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`${name}.py`, text])),
    );
  });
  afterAll(() => test.stop());

  const json = async <T>(reply: Promise<Response>) => (await (await reply).json()) as T;
  const submit = async (endpoint: string, input: object) =>
    (await json<Reply>(test.call(`/v2/${endpoint}/run`, { json: { input } }))).id;
  const status = (endpoint: string, id: string) => json<Reply>(test.call(`/v2/${endpoint}/status/${id}`));
  const ended = (endpoint: string, id: string) =>
    json<Reply>(test.call(`/v2/${endpoint}/status-sync/${id}?wait=90000`));
  const run = async (endpoint: string, input: object) => ended(endpoint, await submit(endpoint, input));
  const running = (endpoint: string, id: string) =>
    until(async () => (await status(endpoint, id)).status === 'IN_PROGRESS');
  const pidOf = async (workerId: unknown) => {
    const { workers } = await json<{ workers: { id: string; pid: number }[] }>(test.call('/v1/workers'));
    return workers.find(({ id }) => id === workerId)?.pid ?? Number.NaN;
  };

  it('runs a plain function, whose late progress never overwrites its result', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, (_, n) => submit('plain', { n, steps: 5 })));
    for (const [n, id] of ids.entries())
      expect(await ended('plain', id)).toMatchObject({ status: 'COMPLETED', output: { done: n } });
    for (const [n, id] of ids.entries())
      expect(await status('plain', id)).toMatchObject({ status: 'COMPLETED', output: { done: n } });
  });

  it('streams from an async generator, also what came before its exception or its error', async () => {
    const parts = [0, 1, 2].map((part) => ({ part }));
    const chunks = async (id: string) =>
      (
        await json<{ stream: { output: unknown }[] }>(test.call(`/v2/parts/stream/${id}?offset=0`))
      ).stream.map(({ output }) => output);
    expect(await run('parts', { count: 3 })).toMatchObject({ status: 'COMPLETED', output: parts });

    const raised = await run('parts', { count: 3, fail: true });
    expect(raised.status).toBe('FAILED');
    expect(raised.error).toContain('no luck');
    expect(await chunks(raised.id)).toEqual(parts);

    const yielded = await run('parts', { count: 3, error: true });
    expect(yielded).toMatchObject({ status: 'FAILED', error: 'enough' });
    expect(await chunks(yielded.id)).toEqual(parts);
  });

  it('runs four jobs at once, and a cancelled one of them stops alone', async () => {
    // The first job finds the worker at its first place, so that the modifier has taken effect for the others.
    expect(await run('four', {})).toMatchObject({ output: 1 });
    const four = await Promise.all(Array.from({ length: 4 }, () => submit('four', { atOnce: 4 })));
    const replies = await Promise.all(four.map((id) => ended('four', id)));
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set(['COMPLETED']));
    expect(new Set(replies.map((reply) => reply.workerId)).size).toBe(1);

    const go = join(test.folder, 'go-concurrent');
    const [cancelled = '', ...others] = await Promise.all(
      Array.from({ length: 3 }, () => submit('four', { until: go })),
    );
    for (const id of [cancelled, ...others]) await running('four', id);
    await test.call(`/v2/four/cancel/${cancelled}`, { json: {} });
    // The place that it left is free for another, in the same process.
    expect(await run('four', {})).toMatchObject({
      status: 'COMPLETED',
      workerId: replies[0]?.workerId,
    });
    writeFileSync(go, '');
    for (const id of others) expect((await ended('four', id)).status).toBe('COMPLETED');
    expect((await status('four', cancelled)).status).toBe('CANCELLED');
  });

  it('is replaced after every job if it asks for that, or when a job does', async () => {
    const first = await run('refreshing', { n: 1 });
    const second = await run('refreshing', { n: 2 });
    expect([first.output, second.output]).toEqual([{ n: 1 }, { n: 2 }]);
    expect(second.workerId).not.toBe(first.workerId);

    const asked = await run('plain', { n: 1, refresh: true });
    expect(asked).toMatchObject({ status: 'COMPLETED', output: { done: 1 } });
    const pid = await pidOf(asked.workerId);
    await until(async () => (await pidOf(asked.workerId)) !== pid || (await isStopped(asked.workerId)));
    expect(await run('plain', { n: 2 })).toMatchObject({ status: 'COMPLETED', output: { done: 2 } });
  });

  const isStopped = async (workerId: unknown) => {
    const { workers } = await json<{ workers: { id: string; state: string }[] }>(test.call('/v1/workers'));
    return workers.find(({ id }) => id === workerId)?.state === 'stopped';
  };

  it('that gets SIGTERM finishes its job, and another worker has the next', async () => {
    const go = join(test.folder, 'go-sigterm');
    const id = await submit('plain', { n: 1, until: go });
    await running('plain', id);
    const { workerId } = await status('plain', id);
    process.kill(await pidOf(workerId), 'SIGTERM');
    const next = await submit('plain', { n: 2 });
    writeFileSync(go, '');
    expect(await ended('plain', id)).toMatchObject({ status: 'COMPLETED', output: { done: 1 }, workerId });
    const reply = await ended('plain', next);
    expect(reply).toMatchObject({ status: 'COMPLETED', output: { done: 2 } });
  });

  it('says nothing of a result that is no JSON: the job ends with the reason after its last delivery', async () => {
    const reply = await run('plain', { unserializable: true });
    expect(reply).toMatchObject({ status: 'FAILED', retries: 1 });
    expect(reply.error).toMatch(
      /^job timed out after 1 retries: 3 heartbeats of worker .* did not name the job/,
    );
  });

  it('sends NaN, which is no JSON: the job fails at once, with the reason', async () => {
    const reply = await run('plain', { nan: true });
    expect(reply).toMatchObject({ status: 'FAILED' });
    expect(reply.error).toMatch(/could not be read: it holds NaN/);
    expect(reply.retries).toBeUndefined();
  });

  it('that dies with its job is followed by another, and the job that kills every one ends with the reason', async () => {
    const reply = await run('plain', { crash: true });
    expect(reply).toMatchObject({ status: 'FAILED', retries: 1 });
    expect(reply.error).toMatch(/^job timed out after 1 retries: .*code 3/);
    expect(reply.error).toContain('about to leave');
    expect(await run('plain', { n: 5 })).toMatchObject({ status: 'COMPLETED', output: { done: 5 } });
  });
});
