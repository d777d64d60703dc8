// A search by meaning, end to end: callers sign what they ask for, the worker fetches the picture, and what was not signed,
// was signed for something else, or is used a second time is refused before anything is fetched.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signImageUrlV0, signJob } from '@spillway/sdk/signing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const SECRET = 'a secret of this test';
const PICTURE = readFileSync(new URL('../../packages/workers/test/fixtures/shapes/00.jpg', import.meta.url));
const YAML = `endpoints:
  clip:
    worker: clip
    env: { EMBEDDING_HMAC_SECRET: '${SECRET}', SPILLWAY_ALLOW_PRIVATE_URLS: 127.0.0.1 }
    workers: { max: 1, idleTimeout: 10m }
`;

interface Reply {
  readonly id: string;
  readonly status: string;
  readonly error?: string;
  readonly output?: { embedding?: number[]; dim?: number; request_id?: string; error?: string };
}

describe('clip', () => {
  let test: TestGateway;
  let server: Server;
  let url: string;
  let fetched = 0;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      fetched += 1;
      response.end(PICTURE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.jpg`;
    test = await startGateway(YAML);
  });
  afterAll(async () => {
    await test.stop();
    server.close();
  });

  const runsync = async (input: unknown) =>
    (await (await test.call('/v2/clip/runsync?wait=120000', { json: { input } })).json()) as Reply;

  it('answers a signed picture and a signed text with vectors of one length', async () => {
    const auth = signImageUrlV0(url, { secret: SECRET });
    const picture = await runsync({ image_url: url, request_id: 'r1', normalize: true, auth });
    expect(picture).toMatchObject({ status: 'COMPLETED', output: { request_id: 'r1', dim: 512 } });
    const input = { text: 'a photo of a red star', request_id: 'r2' };
    const text = await runsync({ ...input, auth: signJob('clip', input, { secret: SECRET }) });
    expect(text).toMatchObject({ status: 'COMPLETED', output: { request_id: 'r2', dim: 512 } });
    for (const { output } of [picture, text]) {
      const sum = (output?.embedding ?? []).reduce((total, value) => total + value * value, 0);
      expect(sum).toBeCloseTo(1, 4);
    }
  });

  it('refuses what was not signed, was signed for something else, or was used before', async () => {
    const before = fetched;
    const input = { image_url: url, request_id: 'r3' };
    const auth = signJob('clip', input, { secret: SECRET });
    const failed = {
      status: 'FAILED',
      error: 'Authentication failed',
      output: { error: 'Authentication failed', request_id: 'r3' },
    };
    expect(await runsync(input)).toMatchObject(failed);
    expect(await runsync({ ...input, normalize: false, auth })).toMatchObject(failed);
    expect(await runsync({ ...input, auth: signJob('other', input, { secret: SECRET }) })).toMatchObject(
      failed,
    );
    expect(fetched).toBe(before);
    expect(await runsync({ ...input, auth })).toMatchObject({ status: 'COMPLETED' });
    expect(await runsync({ ...input, auth })).toMatchObject(failed);
    expect(fetched).toBe(before + 1);
  });

  it('does not start without a secret, and the job says why', async () => {
    const bare = await startGateway(
      'endpoints:\n  clip:\n    worker: clip\n    env: { CLIP_CONCURRENCY: 1 }\n',
    );
    try {
      const { id } = (await (
        await bare.call('/v2/clip/run', { json: { input: { text: 'x' } } })
      ).json()) as Reply;
      await expect
        .poll(async () => await (await bare.call(`/v2/clip/status/${id}`)).text())
        .toContain('EMBEDDING_HMAC_SECRET is not set');
    } finally {
      await bare.stop();
    }
  });
});
