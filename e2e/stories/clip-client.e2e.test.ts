// The client of CLIP services against real workers: at a job API that plays RunPod, at a gateway of one's own, and at one
// worker that serves HTTP itself; with what falls back, what doesn't, and what is switched off.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ClipClientOptions, createClipClient } from '@spillway/sdk/clip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const SECRET = 'a secret of this test';
const ENV = `EMBEDDING_HMAC_SECRET: '${SECRET}', SPILLWAY_ALLOW_PRIVATE_URLS: 127.0.0.1`;
const YAML = `endpoints:
  at-runpod:
    worker: clip
    env: { ${ENV} }
    workers: { max: 1, idleTimeout: 10m }
  clip:
    worker: clip
    hmac: true
    env: { ${ENV} }
    workers: { max: 1, idleTimeout: 10m }
`;
const PICTURE = readFileSync(new URL('../../packages/workers/test/fixtures/shapes/00.jpg', import.meta.url));
const NOBODY = 'http://127.0.0.1:9/v2';

describe('the client of CLIP services', () => {
  let test: TestGateway;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((_request, response) => void response.end(PICTURE)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.jpg`;
    test = await startGateway(YAML);
  });
  afterAll(async () => {
    await test.stop();
    server.close();
  });

  const clientOf = (changes: Record<string, string> = {}, options: ClipClientOptions = {}) =>
    createClipClient({
      env: {
        CLIP_INFERENCE_BACKEND: 'runpod',
        RUNPOD_ENDPOINT_BASE_URL: `${test.url}/v2`,
        RUNPOD_API_KEY: ADMIN_KEY,
        RUNPOD_CLIP_ENDPOINT_ID: 'at-runpod',
        SPILLWAY_URL: test.url,
        SPILLWAY_API_KEY: ADMIN_KEY,
        EMBEDDING_HMAC_SECRET: SECRET,
        ...changes,
      },
      ...options,
    });
  const lengthOf = (vector: readonly number[]) => Math.hypot(...vector);

  it.each(['0', '1'])('pictures and texts, signed by version %s, at both places alike', async (version) => {
    const vectors = [];
    for (const CLIP_INFERENCE_BACKEND of ['runpod', 'local']) {
      const client = clientOf({ CLIP_INFERENCE_BACKEND, CLIP_SIGNATURE_VERSION: version });
      const picture = await client.embedImage(url, { requestId: 'r1' });
      expect(picture).toMatchObject({ request_id: 'r1', dim: 512, normalized: true });
      expect([picture.backend, 'fallback' in picture]).toEqual([CLIP_INFERENCE_BACKEND, false]);
      expect(lengthOf(picture.embedding)).toBeCloseTo(1, 4);
      expect((await client.embedImage(PICTURE)).embedding).toEqual(picture.embedding);
      const text = await client.embedText('a red star', { normalize: false });
      expect(text.normalized).toBe(false);
      expect(lengthOf(text.embedding)).not.toBeCloseTo(1, 2);
      vectors.push([picture.embedding, text.embedding]);
    }
    expect(vectors[0]).toEqual(vectors[1]);
  });

  it.each(['0', '1'])(
    'a list by version %s: in its order, the same picture again and again',
    async (version) => {
      // Of its own, since other clients have signed the other one in these very seconds.
      const again = `${url}?list`;
      const images = [...Array<string>(18).fill(again), `${url}?b`, 'http://10.0.0.1/x.jpg'];
      const results = await clientOf({ CLIP_SIGNATURE_VERSION: version }).embedImages(images);
      expect(results).toHaveLength(20);
      expect(results.slice(0, 19).filter((one) => !('embedding' in one))).toEqual([]);
      expect(results[19]).toMatchObject({ error: { code: 'DOWNLOAD_ERROR' } });
    },
  );

  it.each([
    ['nobody listens', { RUNPOD_ENDPOINT_BASE_URL: NOBODY }, 'UNREACHABLE'],
    ['there is no such endpoint', { RUNPOD_CLIP_ENDPOINT_ID: 'gone' }, 'NOT_FOUND'],
    ['the key is wrong', { RUNPOD_API_KEY: 'rpa_wrong' }, 'KEY_REFUSED'],
  ])('where %s the gateway at home answers, and the answer says why', async (_name, changes, code) => {
    const answer = await clientOf(changes, { retries: 1 }).embedImage(`${url}?${code}`);
    expect(answer).toMatchObject({ backend: 'local', fallback: { from: 'runpod', code } });
    expect(answer.embedding).toHaveLength(512);
  });

  it('a refused signature and a wrong request are the answer, wherever asked', async () => {
    const stranger = clientOf({ EMBEDDING_HMAC_SECRET: 'wrong' });
    await expect(stranger.embedImage(url)).rejects.toMatchObject({ code: 'AUTH_FAILED', backend: 'runpod' });
    const atHome = clientOf({ EMBEDDING_HMAC_SECRET: 'wrong', CLIP_INFERENCE_BACKEND: 'local' });
    await expect(atHome.embedText('x')).rejects.toMatchObject({ code: 'AUTH_FAILED', backend: 'local' });
    await expect(clientOf().embedText('')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(clientOf().embedImage(url, { model: 'other' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    const off = clientOf({ CLIP_INFERENCE_BACKEND: 'off' });
    await expect(off.embedImage(url)).rejects.toMatchObject({ code: 'DISABLED' });
  });

  describe('one worker that serves HTTP itself', () => {
    let worker: ChildProcess;
    let address: string;
    beforeAll(async () => {
      const main = fileURLToPath(import.meta.resolve('@spillway/workers/main'));
      worker = spawn(process.execPath, [main, 'clip'], {
        env: {
          PATH: process.env.PATH,
          RUNPOD_SERVERLESS: 'false',
          API_PORT: '0',
          API_KEY: 'a key',
          EMBEDDING_HMAC_SECRET: SECRET,
          SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1',
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      if (!worker.stderr) throw new Error('no stderr');
      for await (const line of createInterface({ input: worker.stderr })) {
        address = /listens at (\S+?);?$|listens at (\S+);/.exec(line)?.slice(1).find(Boolean) ?? address;
        if (line.includes('is ready')) break;
      }
    });
    afterAll(async () => {
      const gone = once(worker, 'exit');
      worker.kill();
      await gone;
    });

    it.each(['0', '1'])('answers the same client, by version %s', async (version) => {
      const client = clientOf({
        CLIP_INFERENCE_BACKEND: 'local',
        CLIP_LOCAL_URL: address,
        CLIP_LOCAL_API_KEY: 'a key',
        CLIP_SIGNATURE_VERSION: version,
      });
      expect(await client.embedImage(url)).toMatchObject({ dim: 512, backend: 'local' });
      expect(await client.embedText('a red star')).toMatchObject({ dim: 512 });
      expect(await client.embedImages([url, PICTURE])).toMatchObject([{ dim: 512 }, { dim: 512 }]);
      const stranger = clientOf({
        CLIP_INFERENCE_BACKEND: 'local',
        CLIP_LOCAL_URL: address,
        CLIP_LOCAL_API_KEY: 'wrong',
      });
      await expect(stranger.embedText('x')).rejects.toMatchObject({ code: 'KEY_REFUSED' });
    });
  });
});
