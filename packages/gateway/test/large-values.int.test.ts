import path from 'node:path';
import { type ArtifactStore, createDiskStore, openBucket, readStorageSettings } from '@spillway/artifacts';
import type { JobDetail } from '@spillway/protocol/v1';
import { createSystemClock } from '@spillway/sdk/clock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '../../artifacts/test/versity.ts';
import { createRandomIds } from '../src/lib/ids.ts';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

// Inputs and outputs that are too long for a row, over both stores, as clients and workers of RunPod see them: not at all.
const YAML = `
endpoints:
  echo: { backends: [pool] }
  pictures: { backends: [pool], urlFields: [image, mask] }
`;
const large = (megabytes: number, name = 'x') => ({ name, text: 'aé😀'.repeat((megabytes * 1_000_000) / 9) });

const s3 = await startS3Server('jobs');
afterAll(() => s3?.stop());

const STORES: [string, (() => Record<string, string>) | undefined][] = [
  ['on disk', () => ({})],
  ['in a bucket', s3 && (() => bucketEnv(s3))],
];

describe.each(STORES)('large values %s', (_name, env) => {
  describe.skipIf(!env)('of jobs', () => {
    let gateway: ArtifactGateway;
    beforeAll(async () => {
      gateway = await startArtifactGateway(env?.(), YAML);
    });
    afterAll(() => gateway.stop());

    const ask = async (method: string, path: string, body?: unknown) => {
      const reply = await gateway.call(method, path, body);
      const text = await reply.text();
      return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
    };
    const submit = async (input: unknown): Promise<string> =>
      (await ask('POST', '/v2/echo/run', { input })).body.id;
    const take = () => ask('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const done = (id: string, output: unknown) =>
      ask('POST', `/v2/echo/job-done/w1/${id}?gpu=cpu`, { output });
    async function storeOf(): Promise<ArtifactStore> {
      const settings = readStorageSettings(env?.() ?? {});
      const clock = createSystemClock();
      const folder = path.join(gateway.folder, '.spillway/artifacts');
      if (settings) return openBucket(settings, clock);
      return createDiskStore({ folder, secret: 'x', clock, ids: createRandomIds() });
    }
    /** Keys of all values that are kept. */
    async function kept(): Promise<string[]> {
      const store = await storeOf();
      const keys: string[] = [];
      for await (const { key } of store.list('values/')) keys.push(key);
      return keys.sort();
    }

    test('5 MB go in and out whole, also over a restart', async () => {
      const [input, output] = [large(5), large(5, 'y')];
      const id = await submit(input);
      await gateway.restart();
      expect((await take()).body).toMatchObject({ id, input });
      await done(id, output);
      await gateway.restart();
      expect((await ask('GET', `/v2/echo/status/${id}`)).body).toMatchObject({ status: 'COMPLETED', output });
      expect((await ask('GET', `/v1/jobs/${id}`)).body).toMatchObject({ input, output });
    });

    test('a caller that waits is answered with all of it', async () => {
      const output = large(5);
      const sync = ask('POST', '/v2/echo/runsync?wait=60000', { input: {} });
      await done((await take()).body.id, output);
      expect((await sync).body).toMatchObject({ status: 'COMPLETED', output });
    });

    test('who asks for URLs gets them in place of large values, and the same bytes there', async () => {
      const id = await submit({ a: 1 });
      await take();
      await done(id, large(1));
      const jobs = gateway.client.jobs;
      const shown: JobDetail = await jobs.show(id, { values: 'url' });
      expect(shown).toMatchObject({ input: { a: 1 }, outputUrl: { method: 'GET' } });
      expect(shown).not.toHaveProperty('output');
      const reply = await fetch(shown.outputUrl?.url ?? '');
      expect(reply.headers.get('content-type')).toBe('application/json');
      expect(await reply.json()).toEqual(large(1));
      expect((await ask('GET', `/v1/jobs/${id}?values=all`)).body.code).toBe('INPUT_INVALID');
    });

    test('a job that is deleted takes its values along', async () => {
      const before = await kept();
      const id = await submit(large(1));
      expect(await kept()).toHaveLength(before.length + 1);
      expect((await ask('POST', `/v1/jobs/${id}/cancel`, {})).body).toMatchObject({
        ...{ id, status: 'CANCELLED', input: large(1) },
      });
      const deleted = await ask('DELETE', `/v1/jobs/${id}`);
      expect(deleted.status).toBe(204);
      expect((await ask('GET', `/v2/echo/status/${id}`)).status).toBe(404);
      gateway.advance(11 * 60_000);
      await gateway.restart();
      await expect.poll(kept).toEqual(before);
    });

    test('a 5 MB chunk of a stream comes whole, drained once or read again by its place', async () => {
      const id = await submit({});
      await take();
      const chunks = [{ n: 0 }, large(5), { n: 2 }];
      for (const [number, output] of chunks.entries())
        await ask('POST', `/v2/echo/job-stream/w1/${id}?chunk=${number}`, { output });
      const stream = chunks.map((output) => ({ output }));
      const read = (query = '') => ask('GET', `/v2/echo/stream/${id}${query}`);
      expect((await read('?offset=1')).body.stream).toEqual(stream.slice(1));
      expect((await read()).body).toEqual({ status: 'IN_PROGRESS', stream });
      await done(id, chunks.length);
      expect((await read()).body).toEqual({ status: 'COMPLETED', stream: [] });
    });

    test('a batch keeps a large result whole when its job is deleted, and nothing once it is deleted itself', async () => {
      const before = await kept();
      const { id: batch } = (await ask('POST', '/v2/echo/batch', [{ input: { n: 1 } }])).body;
      await ask('POST', `/v2/echo/batch/${batch}/finalize`, {});
      const { id } = (await take()).body;
      const output = large(1);
      await done(id, output);
      const result = async () =>
        (await ask('GET', `/v2/echo/batch/${batch}/requests`)).body.requests[0]?.output;
      await expect.poll(result).toEqual(output);
      expect((await ask('DELETE', `/v1/jobs/${id}`)).status).toBe(204);
      gateway.advance(11 * 60_000);
      await gateway.restart();
      await gateway.restart();
      expect(await result()).toEqual(output);
      expect(await kept()).toHaveLength(before.length + 1);
      expect((await ask('DELETE', `/v2/echo/batch/${batch}`)).status).toBe(200);
      await gateway.restart();
      await expect.poll(kept).toEqual(before);
    });

    test('a worker gets URLs in the fields that its endpoint declares, while its attempt lasts, and callers see what they sent', async () => {
      const before = await kept();
      const added = async () => (await kept()).filter((key) => !before.includes(key));
      const picture = Buffer.from('a picture'.repeat(40_000));
      const input = { image: `data:image/png;base64,${picture.toString('base64')}`, mask: 'aGVsbG8h', n: 1 };
      const { id } = (await ask('POST', '/v2/pictures/run', { input })).body;
      const { body } = await ask('GET', '/v2/pictures/job-take/p1?job_in_progress=0');
      expect(body).toMatchObject({
        id,
        input: { image: expect.stringMatching(/^http/), mask: 'aGVsbG8h', n: 1 },
      });
      const reply = await fetch(body.input.image);
      expect(reply.headers.get('content-type')).toBe('image/png');
      expect(Buffer.from(await reply.arrayBuffer()).equals(picture)).toBe(true);
      expect((await ask('GET', `/v1/jobs/${id}`)).body.input).toEqual(input);
      expect(await added()).toHaveLength(2);
      await ask('POST', `/v2/pictures/job-done/p1/${id}?gpu=cpu`, { output: 1 });
      gateway.advance(11 * 60_000);
      await gateway.restart();
      await expect.poll(added).toEqual([expect.stringContaining('input')]);
      expect((await ask('DELETE', `/v1/jobs/${id}`)).status).toBe(204);
      await gateway.restart();
      await expect.poll(added).toEqual([]);
    });

    test('an input that somebody deleted in the storage ends its job, and says so', async () => {
      const before = await kept();
      const id = await submit(large(1));
      const [key = ''] = (await kept()).filter((one) => !before.includes(one));
      await (await storeOf()).delete(key);
      expect((await take()).status).toBe(204);
      const { body } = await ask('GET', `/v2/echo/status/${id}`);
      expect(body).toMatchObject({ status: 'FAILED' });
      expect(body.error).toContain('no longer in the storage');
    });

    test('a result over 100 MB ends its job, and says how to return as much', async () => {
      const id = await submit({});
      await take();
      const reply = await fetch(`${gateway.url}/v2/echo/job-done/w1/${id}?gpu=cpu`, {
        method: 'POST',
        headers: { authorization: ADMIN_KEY },
        body: `{"output":"${'x'.repeat(100_000_001)}"}`,
      });
      expect(reply.status).toBe(200);
      const { body } = await ask('GET', `/v2/echo/status/${id}`);
      expect(body).toMatchObject({ status: 'FAILED' });
      expect(body.error).toMatch(/larger than 100 MB; put large results in as an artifact/);
    });

    test('90 MB come back inline', async () => {
      const id = await submit({});
      await take();
      await done(id, 'x'.repeat(90_000_000));
      const { body } = await ask('GET', `/v2/echo/status/${id}`);
      expect(body.output.length).toBe(90_000_000);
    });
  });
});

describe.skipIf(!s3)('a bucket that is away', () => {
  test('takes no large job, keeps large results at their workers, and holds up no small job', async () => {
    const own = (await startS3Server('away')) as S3Server;
    const gateway = await startArtifactGateway(bucketEnv(own), YAML);
    const post = (path: string, body: unknown) => gateway.call('POST', `/v2/echo/${path}`, body);
    const take = () => gateway.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    try {
      const { id } = (await (await post('run', { input: {} })).json()) as { id: string };
      await take();
      const { id: waiting } = (await (await post('run', { input: large(1) })).json()) as { id: string };
      await own.stop();
      const refused = await post('run', { input: large(1) });
      expect(refused.status).toBe(503);
      expect(await refused.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect((await post(`job-done/w1/${id}?gpu=cpu`, { output: large(1) })).status).toBe(503);
      expect((await take()).status).toBe(503);
      const status = await gateway.call('GET', `/v2/echo/status/${waiting}`);
      expect(await status.json()).toMatchObject({ status: 'IN_QUEUE' });
      expect((await post(`job-done/w1/${id}?gpu=cpu`, { output: 1 })).status).toBe(200);
    } finally {
      await gateway.stop();
    }
  });
});

function bucketEnv({ settings }: S3Server): Record<string, string> {
  return {
    STORAGE_PROVIDER: 's3',
    AWS_ENDPOINT_URL_S3: settings.endpoint ?? '',
    AWS_BUCKET_NAME: settings.bucket,
    AWS_ACCESS_KEY_ID: settings.accessKeyId,
    AWS_SECRET_ACCESS_KEY: settings.secretAccessKey,
    AWS_REGION: settings.region,
  };
}
