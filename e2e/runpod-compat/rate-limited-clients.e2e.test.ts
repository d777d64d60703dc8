// The unmodified clients of RunPod over their key's rate limit: Python's blocking one waits as long as `Retry-After` says
// where it repeats at all, the others get an error that says 429.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import runpodSdk from 'runpod-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeEndpoint } from '../harness/node-worker.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const PYTHON = `
import json, os, requests, runpod
runpod.api_key = os.environ["KEY"]
endpoint = runpod.Endpoint("idle")
job = endpoint.run({"input": {}})
seen = {"statuses": [job.status() for _ in range(5)]}
try:
    while True:
        endpoint.run({"input": {}})
except requests.HTTPError as error:
    seen["run"] = error.response.status_code
    seen["retry after"] = error.response.headers["Retry-After"]
    seen["body"] = error.response.json()
print(json.dumps(seen))
`;

const python = pythonWithRunpod();

describe('over its rate limit', () => {
  let test: TestGateway;
  beforeAll(async () => {
    const endpoint = nodeEndpoint('idle', 'none.mjs', '    workers: { max: 0 }\n');
    // So few that no machine is slow enough to stay below.
    const yaml = `rateLimits: { run: 3, status: 3 }\nendpoints:\n${endpoint}`;
    test = await startGateway(yaml, { 'client.py': PYTHON });
  });
  afterAll(() => test.stop());

  const newKey = async () => {
    const reply = await test.call('/v1/keys', { json: { name: 'test', scope: 'client' } });
    return ((await reply.json()) as { key: string }).key;
  };

  it.skipIf(python === undefined)('Python’s client waits and goes on, or says 429 of a submit', async () => {
    const env = { ...process.env, RUNPOD_ENDPOINT_BASE_URL: `${test.url}/v2`, KEY: await newKey() };
    const args = [join(test.folder, 'client.py')];
    const { stdout } = await promisify(execFile)(python ?? '', args, { env, timeout: 120_000 });
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toMatchObject({
      statuses: Array.from({ length: 5 }, () => 'IN_QUEUE'),
      run: 429,
      body: { status: 429, title: 'Too Many Requests', code: 'RATE_LIMITED' },
    });
    // Whole seconds: the only form that its HTTP library reads.
    expect(seen['retry after']).toMatch(/^[1-9]\d*$/);
    const metrics = await (await test.call('/metrics')).text();
    expect(metrics).toMatch(/_count\{method="GET",route="\/v2\/:endpoint\/status\/:id",status="429"\} [1-9]/);
  });

  it('the Node client throws an error with the status and the gateway’s sentence', async () => {
    const endpoint = runpodSdk(await newKey(), { baseUrl: `${test.url}/v2` }).endpoint('idle');
    const submits = async () => {
      for (;;) await endpoint?.run({ input: {} });
    };
    await expect(submits()).rejects.toMatchObject({
      response: { status: 429, data: { error: expect.stringContaining('too many requests') } },
    });
  });
});
