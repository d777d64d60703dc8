import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

/** What workers keep by the gateway: theirs, that of other endpoints, and what callers uploaded. */
const POOLS = 'endpoints: { mine: { backends: [pool] }, other: { backends: [pool] } }';
let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway({}, POOLS);
});
afterAll(() => gateway.stop());

/** A worker's id belongs to the key that came with it first. */
const keys = new Map<string, Promise<string>>();
async function newKey(endpoint: string): Promise<string> {
  const body = { name: `worker of ${endpoint}`, scope: 'worker', endpoints: [endpoint] };
  return ((await (await gateway.call('POST', '/v1/keys', body)).json()) as { key: string }).key;
}
function workerKey(endpoint: string): Promise<string> {
  const key = keys.get(endpoint) ?? newKey(endpoint);
  keys.set(endpoint, key);
  return key;
}
const files = (endpoint: string, worker = endpoint === 'mine' ? 'w1' : 'w2') =>
  `/v1/endpoints/${endpoint}/workers/${worker}/files`;
const put = (path: string, key: string, text: string, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, {
    method: 'PUT',
    headers: { authorization: key, 'content-type': 'application/json', ...headers },
    body: text,
  });
const post = async (path: string, key: string, body: object) => {
  const reply = await gateway.call('POST', path, body, key);
  return { status: reply.status, body: (await reply.json()) as Record<string, never> };
};

/** Takes the endpoint's next job as an own worker would. */
async function take(endpoint: string, key: string): Promise<string> {
  const reply = await gateway.call('GET', `/v2/${endpoint}/job-take/w1?gpu=cpu`, undefined, key);
  return ((await reply.json()) as { id: string }).id;
}
const submit = async (endpoint: string, input: object) =>
  ((await (await gateway.call('POST', `/v2/${endpoint}/run`, { input })).json()) as { id: string }).id;

test('a worker writes on the condition that nobody else has, and reads what it wrote', async () => {
  const key = await workerKey('mine');
  const path = `${files('mine')}/status/job_1.json`;
  const first = await put(path, key, '{"a":1}', { 'if-none-match': '*' });
  expect(first.status).toBe(200);
  const { etag } = (await first.json()) as { etag: string };
  expect((await put(path, key, '{"a":2}', { 'if-none-match': '*' })).status).toBe(412);
  expect((await put(path, key, '{"a":3}', { 'if-match': etag })).status).toBe(200);
  expect((await put(path, key, '{"a":4}', { 'if-match': etag })).status).toBe(412);
  const shown = await gateway.call('GET', path, undefined, key);
  expect(await shown.json()).toMatchObject({ key: 'status/job_1.json', sizeBytes: 7 });
  const signed = await post(files('mine'), key, {
    ...{ do: 'sign-get', key: 'status/job_1.json', name: 'job.json', mediaType: 'application/json' },
    expiresInMs: 60_000,
  });
  const { url } = (signed.body as unknown as { request: { url: string } }).request;
  expect(await (await fetch(gateway.url + url)).text()).toBe('{"a":3}');
});

test('a worker of another endpoint sees, overwrites and deletes none of it', async () => {
  const [mine, other] = [await workerKey('mine'), await workerKey('other')];
  const key = 'results/job_2.pkl';
  expect((await put(`${files('mine')}/${key}`, mine, 'secret')).status).toBe(200);
  expect((await gateway.call('GET', `${files('other')}/${key}`, undefined, other)).status).toBe(404);
  expect((await put(`${files('other')}/${key}`, other, 'overwritten')).status).toBe(403);
  expect((await gateway.call('DELETE', `${files('other')}/${key}`, undefined, other)).status).toBe(204);
  expect((await gateway.call('GET', `${files('mine')}/${key}`, undefined, other)).status).toBe(404);
  expect((await gateway.call('GET', `${files('mine')}/${key}`, undefined, mine)).status).toBe(200);
});

test('an address for workers only lets them at their files and at signed URLs, and nobody at anything else', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  const behind = await startArtifactGateway({}, `${POOLS}\nworkerListen: 127.0.0.1:${port}`);
  try {
    const door = `http://127.0.0.1:${port}`;
    const status = async (path: string) => (await fetch(door + path)).status;
    expect(await status('/v1/endpoints/mine/workers/w1/files/status/job_1.json')).toBe(401);
    expect(await status('/v1/artifacts/data/uploads/x.mp4?expires=1&signature=x')).toBe(403);
    for (const path of ['/v1/artifacts', '/v1/jobs', '/v1/endpoints/mine', '/v2/mine/run'])
      expect([path, await status(path)]).toEqual([path, 404]);
  } finally {
    await behind.stop();
  }
});

test('a client key is for none of it', async () => {
  const client = await gateway.call('POST', '/v1/keys', { name: 'client', scope: 'client' });
  const { key } = (await client.json()) as { key: string };
  expect((await put(`${files('mine')}/status/job_3.json`, key, '{}')).status).toBe(403);
});

test.each(['../secrets', 'other/x', 'status/../../x', 'status'])('the key %s is refused', async (name) => {
  const key = await workerKey('mine');
  const reply = await post(files('mine'), key, {
    do: 'sign-put',
    key: name,
    mostBytes: 9,
    expiresInMs: 1000,
  });
  expect(reply.status).toBe(400);
});

test('what a caller uploaded is read only while a job runs that names it', async () => {
  const key = await workerKey('mine');
  const upload = await gateway.client.artifacts.upload({
    ...{ name: 'walk.mp4', sizeBytes: 5, slice: () => Buffer.from('video') },
  });
  const path = `${files('mine')}/${upload.key}`;
  const status = async () => (await gateway.call('GET', path, undefined, key)).status;
  expect(await status()).toBe(404);
  // Also in an input that is too long for a row.
  const id = await submit('mine', { more: 'x'.repeat(300_000), video_key: upload.key });
  expect(await status()).toBe(404);
  expect(await take('mine', key)).toBe(id);
  expect(await status()).toBe(200);
  const info = await (await gateway.call('GET', path, undefined, key)).json();
  expect(info).toMatchObject({ key: upload.key, name: 'walk.mp4', sizeBytes: 5 });
  // Read, not written.
  expect((await put(path, key, 'other')).status).toBe(403);
  await gateway.call('POST', `/v2/mine/job-done/w1/${id}?gpu=cpu`, { output: 1 }, key);
  expect(await status()).toBe(404);
});

test('a follow-up job is submitted by the worker that runs the first one, with its tags', async () => {
  const key = await workerKey('mine');
  const path = '/v1/endpoints/mine/workers/w1/jobs';
  const refused = await post(path, key, { from: 'nothing', input: { a: 1 } });
  expect(refused.status).toBe(403);
  const first = await gateway.call('POST', '/v1/jobs', { endpoint: 'mine', input: {}, tags: ['walk'] });
  const { id } = (await first.json()) as { id: string };
  expect(await take('mine', key)).toBe(id);
  const { status, body } = await post(path, key, {
    from: id,
    input: { a: 1 },
    executionTimeoutMs: 7_200_000,
  });
  expect(status).toBe(201);
  expect(body).toMatchObject({ status: 'IN_QUEUE' });
  const followUp = (body as unknown as { id: string }).id;
  const job = await (await gateway.call('GET', `/v1/jobs/${followUp}`)).json();
  expect(job).toMatchObject({ input: { a: 1 }, tags: ['walk'] });
  const cancelled = await post(`${path}/${followUp}/cancel`, key, {});
  expect(cancelled.body).toMatchObject({ id: followUp, status: 'CANCELLED' });
  const shown = await gateway.call('GET', `${path}/${followUp}`, undefined, key);
  expect(await shown.json()).toMatchObject({ status: 'CANCELLED' });
});

test('files of workers are forgotten in time, also half-finished uploads', async () => {
  const key = await workerKey('mine');
  expect((await put(`${files('mine')}/uploads/video_9.mp4`, key, 'bytes')).status).toBe(200);
  const plan = { sizeBytes: 10_000_000, partSizeBytes: 8_388_608 };
  const begun = { do: 'create-upload', key: 'uploads/video_10.mp4', mediaType: 'video/mp4', ...plan };
  expect((await post(files('mine'), key, begun)).status).toBe(200);
  gateway.advance(7 * 86_400_000 + 60_000);
  await gateway.restart();
  await expect
    .poll(
      async () => (await gateway.call('GET', `${files('mine')}/uploads/video_9.mp4`, undefined, key)).status,
    )
    .toBe(404);
});
