// Signed jobs over a restart of their gateway: a signature that was used stays used, a job that waited is signed anew for
// its worker, and without a secret nothing is accepted. The test plays the worker.
import { createGateway, type Gateway } from '@spillway/gateway';
import { createReplayGuard, createVerifier, jobTextV0, signImageUrlV0, signJob } from '@spillway/sdk/signing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, readConfig, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const SECRET = 'a secret of this test';
const YAML = `endpoints:
  clip:
    backends: [pool]
    hmac: true
    env: { EMBEDDING_HMAC_SECRET: '${SECRET}' }
  bare:
    backends: [pool]
    hmac: true
`;
const URL = 'https://images.example.com/a.jpg';

interface Taken {
  readonly id: string;
  readonly input: { readonly auth?: unknown; readonly image_url?: string };
}

describe('signed jobs', () => {
  let test: TestGateway;
  let gateway: Gateway;
  beforeEach(async () => {
    test = await startGateway(YAML);
    gateway = test.gateway;
  });
  afterEach(async () => {
    await gateway.stop();
    await test.stop();
  });

  const call = async (path: string, json?: unknown) =>
    fetch(`${gateway.url}${path}`, {
      headers: { authorization: ADMIN_KEY, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    });
  const run = async (input: unknown, endpoint = 'clip') =>
    (await (await call(`/v2/${endpoint}/run`, { input })).json()) as Record<string, unknown>;

  async function restart() {
    await gateway.stop();
    gateway = createGateway({
      config: readConfig(YAML, test.folder),
      adminKey: ADMIN_KEY,
      log: pino({ level: 'silent' }),
    });
    await gateway.start();
  }

  it('a signature that was used before a restart is refused after it', async () => {
    const input = { image_url: URL };
    const signed = [
      { ...input, auth: signImageUrlV0(URL, { secret: SECRET }) },
      { ...input, auth: signJob('clip', input, { secret: SECRET }) },
    ];
    for (const one of signed) expect(await run(one)).toMatchObject({ status: 'IN_QUEUE' });
    const batched = { text: 'x' };
    const request = { input: { ...batched, auth: signJob('clip', batched, { secret: SECRET }) } };
    expect((await call('/v2/clip/batch', [request])).status).toBe(200);
    await restart();
    for (const one of [...signed, request.input]) expect(await run(one)).toMatchObject({ status: 'FAILED' });
    expect((await call('/v2/clip/batch', [request])).status).toBe(401);
    const now = Date.now;
    const { verify } = createVerifier({ secrets: [SECRET], now, replays: createReplayGuard({ now }) });
    for (const _ of signed) {
      const taken = (await (await call('/v2/clip/job-take/w1')).json()) as Taken;
      const refusal = verify(taken.input.auth, {
        v0: (ts) => [jobTextV0(URL, ts)],
        v1: { method: 'JOB', path: 'clip', body: { ...taken.input } },
      });
      expect(refusal).toBeUndefined();
      await call(`/v2/clip/job-done/w1/${taken.id}`, { output: {} });
    }
  });

  it('an endpoint without a secret refuses each submit, and the others go on', async () => {
    const input = { text: 'x' };
    expect(await run({ ...input, auth: signJob('bare', input, { secret: '' }) }, 'bare')).toMatchObject({
      status: 500,
      code: 'HMAC_SECRET_MISSING',
    });
    const good = { ...input, auth: signJob('clip', input, { secret: SECRET }) };
    expect(await run(good)).toMatchObject({ status: 'IN_QUEUE' });
  });
});
