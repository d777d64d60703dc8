import { createClient } from '@spillway/sdk/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

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
  const behind = await startArtifactGateway({}, `${POOLS}\nworkerListen: 127.0.0.1:0`);
  try {
    const made = await behind.call('POST', '/v1/endpoints/mine/pool-workers', {});
    const { origin: door } = (await made.json()) as { origin: string };
    expect(door).not.toBe(behind.url);
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

test('what one key or page uploaded is not read for the jobs of another, and is for its own and the admin’s', async () => {
  const worker = await workerKey('mine');
  const newClient = async (name: string) => {
    const { body } = await post('/v1/keys', ADMIN_KEY, { name, scope: 'client' });
    return String(body.key);
  };
  const [owner, stranger] = [await newClient('owner'), await newClient('stranger')];
  const newToken = async (key: string) => {
    const wanted = { endpoint: 'mine', maxBytes: 1_000_000, expiresIn: '1h' };
    return String((await post('/v1/upload-tokens', key, wanted)).body.token);
  };
  const [visitor, other] = [await newToken(owner), await newToken(owner)];
  const upload = async (apiKey: string) => {
    const client = createClient({ baseUrl: `${gateway.url}/v2`, apiKey });
    const file = { name: 'a.mp4', sizeBytes: 5, slice: () => Buffer.from('video') };
    return (await client.artifacts.upload(file)).key;
  };
  /** Whether the worker of a job that this key submits may read it. */
  const isRead = async (key: string, by: string) => {
    const { body } = await post('/v2/mine/run', by, { input: { video_key: key } });
    expect(await take('mine', worker)).toBe(body.id);
    const { status } = await gateway.call('GET', `${files('mine')}/${key}`, undefined, worker);
    await gateway.call('POST', `/v2/mine/job-done/w1/${body.id}?gpu=cpu`, { output: 1 }, worker);
    return status === 200;
  };
  const readers = async (key: string) => {
    const found: string[] = [];
    for (const [name, by] of Object.entries({ owner, stranger, visitor, other, admin: ADMIN_KEY }))
      if (await isRead(key, by)) found.push(name);
    return found;
  };
  expect(await readers(await upload(owner))).toEqual(['owner', 'admin']);
  expect(await readers(await upload(visitor))).toEqual(['owner', 'visitor', 'admin']);
  expect(await readers(await upload(ADMIN_KEY))).toEqual(['admin']);
});

test('a worker is told who submitted its job, and a follow-up job is that one’s, too', async () => {
  const worker = await workerKey('mine');
  const { body } = await post('/v1/keys', ADMIN_KEY, { name: 'shop', scope: 'client' });
  await post('/v2/mine/run', String(body.key), { input: {} });
  const takeAll = async () =>
    (await (await gateway.call('GET', '/v2/mine/job-take/w1?gpu=cpu', undefined, worker)).json()) as {
      id: string;
      _spillway: object;
    };
  const first = await takeAll();
  expect(first._spillway).toEqual({ attempt: 1, submitter: body.id });
  await post('/v1/endpoints/mine/workers/w1/jobs', worker, { from: first.id, input: {} });
  const second = await takeAll();
  expect(second._spillway).toEqual({ attempt: 1, submitter: body.id });
  for (const { id } of [first, second])
    await gateway.call('POST', `/v2/mine/job-done/w1/${id}?gpu=cpu`, { output: 1 }, worker);
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
  // A gateway that stops would wait for it.
  await gateway.call('POST', `/v2/mine/job-done/w1/${id}?gpu=cpu`, { output: 1 }, key);
});

test('files of workers count in the quotas, also those that others upload for them, over a restart', async () => {
  const quota = 'artifacts: { quota: { total: 6m, perEndpoint: 4m, perArtifact: 3m } }';
  const bounded = await startArtifactGateway({}, `${POOLS}\n${quota}`);
  try {
    const ask = async (method: string, path: string, body?: object | Buffer, key?: string) => {
      const sent = Buffer.isBuffer(body) ? { body: new Uint8Array(body) } : { body: JSON.stringify(body) };
      const reply = await fetch(bounded.url + path, {
        ...{ method, headers: { authorization: key ?? ADMIN_KEY } },
        ...(body === undefined ? {} : sent),
      });
      const text = await reply.text();
      return { status: reply.status, ...(text === '' ? {} : JSON.parse(text)) } as Record<string, never>;
    };
    const worker = { name: 'worker', scope: 'worker', endpoints: ['mine', 'other'] };
    const { key } = await ask('POST', '/v1/keys', worker);
    const keep = (name: string, bytes: number, endpoint = 'mine') =>
      ask('PUT', `${files(endpoint)}/${name}`, Buffer.alloc(bytes), key);
    const used = async () => (await ask('GET', '/v1/storage')).all as unknown as { bytes: number };
    const MB = 1024 * 1024;
    expect(await keep('results/a.bin', 2 * MB)).toMatchObject({ status: 200 });
    // In place of another one it takes up only what it is larger by.
    expect(await keep('results/a.bin', 3 * MB)).toMatchObject({ status: 200 });
    expect(await keep('results/b.bin', 2 * MB)).toMatchObject({
      ...{ status: 413, code: 'QUOTA_EXCEEDED' },
      detail: expect.stringContaining("the files of this endpoint's workers (artifacts.quota.perEndpoint)"),
    });
    expect(await keep('results/b.bin', 3 * MB + 1)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(await keep('results/c.bin', 2 * MB, 'other')).toMatchObject({ status: 200 });
    expect(await keep('results/d.bin', 2 * MB, 'other')).toMatchObject({ status: 507, code: 'STORAGE_FULL' });
    expect((await used()).bytes).toBe(5 * MB);
    await bounded.restart();
    expect((await used()).bytes).toBe(5 * MB);
    // How a job stands can always be said, and counts.
    expect(await keep('status/job_1.json', MB, 'other')).toMatchObject({ status: 200 });
    expect(await keep('status/job_2.json', MB)).toMatchObject({ status: 200 });
    expect((await used()).bytes).toBe(7 * MB);
    await ask('DELETE', `${files('mine')}/results/a.bin`, undefined, key);
    expect((await used()).bytes).toBe(4 * MB);
    // Nobody knows what comes by a URL until it is looked at, or the URL has expired.
    const url = async (name: string) => {
      const asked = { do: 'sign-put', key: name, mostBytes: 5 * MB, expiresInMs: 60_000 };
      const signed = await ask('POST', files('mine'), asked, key);
      return bounded.url + (signed.request as unknown as { url: string }).url;
    };
    for (const name of ['uploads/video_1.mp4', 'uploads/video_2.mp4'])
      await fetch(await url(name), { method: 'PUT', body: new Uint8Array(MB) });
    await url('uploads/video_3.mp4');
    expect((await used()).bytes).toBe(4 * MB);
    await ask('GET', `${files('mine')}/uploads/video_1.mp4`, undefined, key);
    expect((await used()).bytes).toBe(5 * MB);
    bounded.advance(61_000);
    await bounded.restart();
    await expect.poll(async () => (await used()).bytes).toBe(6 * MB);
  } finally {
    await bounded.stop();
  }
});

test('files of workers are kept as long as artifacts.retention says of their prefix', async () => {
  const retention = 'artifacts: { retention: { results: 2h, status: 1d } }';
  const brief = await startArtifactGateway({}, `${POOLS}\n${retention}`);
  try {
    const worker = { name: 'worker', scope: 'worker', endpoints: ['mine'] };
    const { key } = (await (await brief.call('POST', '/v1/keys', worker)).json()) as { key: string };
    const names = ['results/job_1.pkl', 'status/job_1.json'];
    for (const name of names) await brief.call('PUT', `${files('mine')}/${name}`, {}, key);
    const states = () =>
      Promise.all(
        names.map(
          async (name) => (await brief.call('GET', `${files('mine')}/${name}`, undefined, key)).status,
        ),
      );
    brief.advance(7_100_000);
    await brief.restart();
    expect(await states()).toEqual([200, 200]);
    brief.advance(200_000);
    await brief.restart();
    await expect.poll(states).toEqual([404, 200]);
  } finally {
    await brief.stop();
  }
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
