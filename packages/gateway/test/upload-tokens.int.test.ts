import {
  type ArtifactView,
  type UploadTokenCreated,
  uploadTokenCreatedSchema,
  uploadTokenListSchema,
} from '@spillway/protocol/v1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

const YAML = `
endpoints:
  video: { backends: [pool] }
  other: { backends: [pool] }
  small: { backends: [pool], maxUpload: 2k }
  films: { worker: films, backends: [pool] }
`;
const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

let gateway: ArtifactGateway;
beforeAll(async () => {
  const durationLimit = () => ({ ms: 2 * HOUR_MS, variable: 'MOST_HOURS' });
  gateway = await startArtifactGateway({}, YAML, { films: { command: ['x'], durationLimit } });
});
afterAll(() => gateway.stop());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { id: string; code: string; detail: string; status: string };
}

async function ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
  const reply = await gateway.call(method, path, body, key);
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? {} : JSON.parse(text) };
}

async function newToken(changes: object = {}, key?: string): Promise<UploadTokenCreated> {
  const { status, body } = await ask(
    'POST',
    '/v1/upload-tokens',
    { endpoint: 'video', maxBytes: 100 * MIB, ...changes },
    key,
  );
  expect(status).toBe(201);
  return uploadTokenCreatedSchema.strict().parse(body);
}

async function newKey(changes: object = {}): Promise<{ id: string; key: string }> {
  const { body } = await ask('POST', '/v1/keys', { name: 'shop', scope: 'client', ...changes });
  return { id: body.id, key: String(body.key) };
}

const create = (token: string, sizeBytes: number, more: object = {}) =>
  ask('POST', '/v1/artifacts', { name: 'a.mp4', sizeBytes, ...more }, token);
const run = (token: string, body: object = { input: { action: 'start' } }) =>
  ask('POST', '/v2/video/run', body, token);

describe('a page with an upload token', () => {
  test('uploads, starts its job, watches it and cancels it', async () => {
    const { token } = await newToken();
    const begun = (await create(token, 3)).body as unknown as ArtifactView;
    expect(begun.endpoint).toBe('video');
    await fetch(begun.upload?.url ?? '', {
      method: 'PUT',
      headers: begun.upload?.headers ?? {},
      body: 'abc',
    });
    const done = await ask('POST', `/v1/artifacts/${begun.id}/complete`, {}, token);
    expect(done.body).toMatchObject({ state: 'ready' });
    expect((await ask('GET', `/v1/artifacts/${begun.id}/download-url`, undefined, token)).status).toBe(200);
    const { id } = (await run(token)).body;
    expect((await ask('GET', `/v2/video/status/${id}`, undefined, token)).body.status).toBe('IN_QUEUE');
    const job = await ask('GET', `/v1/jobs/${id}`, undefined, token);
    expect(job.body).toMatchObject({ id, status: 'IN_QUEUE', attempts: [] });
    expect((await ask('POST', `/v2/video/cancel/${id}`, {}, token)).body.status).toBe('CANCELLED');
    expect((await ask('GET', `/v2/video/stream/${id}`, undefined, token)).status).toBe(200);
    expect((await ask('GET', `/v2/video/status-sync/${id}?wait=1000`, undefined, token)).status).toBe(200);
  });

  test('sees no job and no upload of anybody else', async () => {
    const [mine, other] = [await newToken(), await newToken()];
    const jobs = [(await run(other.token)).body.id, (await run(ADMIN_KEY)).body.id];
    for (const id of jobs)
      for (const [method, path] of [
        ['GET', `/v2/video/status/${id}`],
        ['POST', `/v2/video/cancel/${id}`],
        ['GET', `/v2/video/stream/${id}`],
        ['GET', `/v2/video/status-sync/${id}?wait=1000`],
        ['GET', `/v1/jobs/${id}`],
      ] as const)
        expect((await ask(method, path, undefined, mine.token)).body.code).toBe('JOB_NOT_FOUND');
    const uploads = [(await create(other.token, 5)).body.id, (await create(ADMIN_KEY, 5)).body.id];
    for (const id of uploads)
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/complete'],
        ['POST', '/upload-url'],
        ['GET', '/download-url'],
        ['GET', '/parts'],
      ] as const) {
        const { body } = await ask(method, `/v1/artifacts/${id}${path}`, undefined, mine.token);
        expect(body.code).toBe('ARTIFACT_NOT_FOUND');
      }
    expect((await ask('GET', '/v1/artifacts', undefined, mine.token)).body.artifacts).toEqual([]);
    const seen = await ask('GET', '/v1/artifacts', undefined, other.token);
    expect((seen.body.artifacts as ArtifactView[]).map(({ id }) => id)).toEqual(uploads.slice(0, 1));
  });

  test.each([
    ['POST', '/v2/video/runsync'],
    ['POST', '/v2/video/purge-queue'],
    ['GET', '/v2/video/health'],
    ['GET', '/v2/video/requests'],
    ['POST', '/v2/video/retry/x'],
    ['POST', '/v2/video/batch'],
    ['POST', '/v2/video/openai/v1/chat/completions'],
    ['GET', '/v2/video/job-take/w1'],
    ['POST', '/v1/jobs'],
    ['GET', '/v1/jobs'],
    ['POST', '/v1/jobs/cancel'],
    ['POST', '/v1/jobs/x/retry'],
    ['DELETE', '/v1/jobs/x'],
    ['GET', '/v1/events'],
    ['GET', '/v1/endpoints'],
    ['PATCH', '/v1/endpoints/video'],
    ['GET', '/v1/workers'],
    ['GET', '/v1/storage'],
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['POST', '/v1/upload-tokens'],
    ['GET', '/v1/upload-tokens'],
    ['GET', '/metrics'],
    ['POST', '/v1/embeddings'],
  ])('may not call %s %s', async (method, path) => {
    const { token } = await newToken();
    const reply = await gateway.call(method, path, method === 'GET' ? undefined : {}, token);
    expect(reply.status).toBe(403);
    expect(await reply.text()).toContain('an upload token uploads');
  });

  test('reaches no other endpoint', async () => {
    const { token } = await newToken();
    const reply = await ask('POST', '/v2/other/run', { input: {} }, token);
    expect(reply.body.code).toBe('ENDPOINT_NOT_FOUND');
    expect((await create(token, 3, { endpoint: 'other' })).body.code).toBe('ENDPOINT_NOT_FOUND');
  });

  test.each([
    { webhook: 'https://example.com/' },
    { policy: { executionTimeout: 600_000 } },
    { s3Config: {} },
    { priority: 5 },
  ])('submits an input and nothing else: not %j', async (more) => {
    const { token } = await newToken();
    const { status, body } = await run(token, { input: {}, ...more });
    expect([status, body.detail]).toEqual([400, expect.stringContaining(`${Object.keys(more)[0]}:`)]);
  });

  test('uploads as much as it may and no byte more, however many calls come at once', async () => {
    const { token } = await newToken({ maxBytes: 10 });
    const answers = await Promise.all([6, 6, 6].map((size) => create(token, size)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 413, 413]);
    const refused = answers.find(({ status }) => status === 413);
    expect(refused?.body.code).toBe('QUOTA_EXCEEDED');
    expect(refused?.body.detail).toMatch(/may have 10 bytes: 6 bytes are used, 4 bytes are free.*delete one/);
    expect((await create(token, 4)).status).toBe(201);
    const { token: few } = await newToken({ maxArtifacts: 1 });
    const first = await create(few, 1);
    expect((await create(few, 1)).body.detail).toContain('1 uploads at a time');
    await ask('DELETE', `/v1/artifacts/${first.body.id}`, undefined, few);
    expect((await create(few, 1)).status).toBe(201);
  });

  test('writes uploads only', async () => {
    const { token } = await newToken();
    expect((await create(token, 1, { prefix: 'results' })).body.detail).toContain('prefix: expected uploads');
  });

  test('submits as many jobs as it may', async () => {
    const { token } = await newToken({ maxJobs: 2 });
    expect((await run(token)).status).toBe(200);
    expect((await run(token)).status).toBe(200);
    await gateway.restart();
    const { status, body } = await run(token);
    expect([status, body.detail]).toEqual([429, expect.stringContaining('the 2 jobs that it may')]);
  });

  test('goes on with the uploads and jobs of its visitor by a later token, over a restart', async () => {
    const first = await newToken({ visitor: 'session 1' });
    const { id } = (await run(first.token)).body;
    const wanted = { resumeKey: 'walk.mp4', maxBytes: undefined };
    const begun = await create(first.token, 40 * MIB, wanted);
    await gateway.restart();
    const later = await newToken({ visitor: 'session 1' });
    expect((await create(later.token, 40 * MIB, wanted)).body.id).toBe(begun.body.id);
    expect((await ask('GET', `/v1/jobs/${id}`, undefined, later.token)).status).toBe(200);
    const stranger = await newToken({ visitor: 'session 2' });
    expect((await create(stranger.token, 40 * MIB, wanted)).body.id).not.toBe(begun.body.id);
    expect((await ask('GET', `/v1/jobs/${id}`, undefined, stranger.token)).status).toBe(404);
    // The same word of another key is another visitor.
    const { key } = await newKey();
    const foreign = await newToken({ visitor: 'session 1' }, key);
    expect((await ask('GET', `/v1/jobs/${id}`, undefined, foreign.token)).status).toBe(404);
  });
});

describe('an upload token', () => {
  test('ends when its time is over, and says so', async () => {
    const { token, expiresAt, createdAt } = await newToken({ expiresIn: '2h' });
    expect(expiresAt - createdAt).toBe(2 * HOUR_MS);
    gateway.advance(2 * HOUR_MS);
    const { status, body } = await run(token);
    expect([status, body.detail]).toEqual([401, expect.stringContaining('has expired')]);
  });

  test('is told how large an upload may be, and has a larger one refused before a byte of it is sent', async () => {
    const { token, maxUploadBytes } = await newToken({ endpoint: 'small' });
    expect(maxUploadBytes).toBe(2_048);
    const own = (await ask('GET', '/v1/upload-tokens/self', undefined, token)).body;
    expect(own).toMatchObject({ endpoint: 'small', maxUploadBytes: 2_048, used: { bytes: 0 } });
    expect(own).not.toHaveProperty('token');
    expect((await create(token, 2_048)).status).toBe(201);
    const refused = await create(token, 2_049);
    expect(refused).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(refused.body.detail).toContain('at most 2048 bytes, this has 2049 bytes');
    expect(refused.body.detail).toContain('maxUpload of the endpoint');
    // So it is for a key that names the endpoint; what is for no workers, or made by them, has another bound.
    expect((await create(ADMIN_KEY, 2_049, { endpoint: 'small' })).status).toBe(413);
    expect((await create(ADMIN_KEY, 2_049, { endpoint: 'small', prefix: 'results' })).status).toBe(201);
    expect((await create(ADMIN_KEY, 2_049)).status).toBe(201);
    // Where the endpoint sets no limit, it is the token's.
    expect((await newToken()).maxUploadBytes).toBe(100 * MIB);
    expect((await ask('GET', '/v1/upload-tokens/self')).body.code).toBe('UPLOAD_TOKEN_NOT_FOUND');
  });

  test('is told how long a video may be, and has a longer one refused before a byte of it is sent', async () => {
    const { token, maxUploadDurationMs } = await newToken({ endpoint: 'films' });
    expect(maxUploadDurationMs).toBe(2 * HOUR_MS);
    expect((await ask('GET', '/v1/upload-tokens/self', undefined, token)).body).toMatchObject({
      maxUploadDurationMs,
    });
    expect((await create(token, 9, { durationMs: 2 * HOUR_MS })).status).toBe(201);
    const refused = await create(token, 9, { durationMs: 2 * HOUR_MS + 1 });
    expect(refused).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(refused.body.detail).toContain(
      'videos of at most 2:00:00 hours, this lasts 2:00:01; send a shorter one',
    );
    expect(refused.body.detail).toContain('env.MOST_HOURS of the endpoint');
    // Nobody has to know it; and what is for no such workers, or made by them, has no bound.
    expect((await create(token, 9)).status).toBe(201);
    const long = { durationMs: 3 * HOUR_MS };
    expect((await create(ADMIN_KEY, 9, { ...long, endpoint: 'films' })).status).toBe(413);
    expect((await create(ADMIN_KEY, 9, { ...long, endpoint: 'films', prefix: 'results' })).status).toBe(201);
    expect((await create(ADMIN_KEY, 9, { ...long, endpoint: 'video' })).status).toBe(201);
    expect(await newToken()).not.toHaveProperty('maxUploadDurationMs');
  });

  test('is listed without its secret, and good for nothing once it is revoked', async () => {
    const { id, token } = await newToken();
    await create(token, 7);
    const list = uploadTokenListSchema.parse((await ask('GET', '/v1/upload-tokens')).body);
    expect(list.tokens.find((one) => one.id === id)).toMatchObject({
      used: { bytes: 7, artifacts: 1, jobs: 0 },
    });
    expect(JSON.stringify(list)).not.toContain(token);
    expect((await ask('DELETE', `/v1/upload-tokens/${id}`)).status).toBe(204);
    expect((await run(token)).status).toBe(401);
    expect((await ask('DELETE', `/v1/upload-tokens/${id}`)).body.code).toBe('UPLOAD_TOKEN_NOT_FOUND');
  });

  test('is made by a key for its own endpoints, belongs to it, and ends with it', async () => {
    const { id, key } = await newKey({ endpoints: ['video'], expiresIn: '30m' });
    const foreign = await ask('POST', '/v1/upload-tokens', { endpoint: 'other', maxBytes: 1 }, key);
    expect(foreign.body.code).toBe('ENDPOINT_NOT_FOUND');
    const made = await newToken({ expiresIn: '5h' }, key);
    // No token outlives its key.
    expect(made.expiresAt - made.createdAt).toBeLessThanOrEqual(HOUR_MS / 2);
    const upload = await create(made.token, 4);
    expect((await ask('GET', `/v1/artifacts/${upload.body.id}`, undefined, key)).status).toBe(200);
    const { key: stranger } = await newKey();
    expect((await ask('DELETE', `/v1/upload-tokens/${made.id}`, undefined, stranger)).status).toBe(404);
    await ask('DELETE', `/v1/keys/${id}`);
    expect((await run(made.token)).status).toBe(401);
    await gateway.restart();
    expect((await run(made.token)).status).toBe(401);
  });

  test('may be made by clients only, not by viewers and workers', async () => {
    for (const scope of ['viewer', 'worker']) {
      const { key } = await newKey({ scope });
      const reply = await ask('POST', '/v1/upload-tokens', { endpoint: 'video', maxBytes: 1 }, key);
      expect(reply.status).toBe(403);
    }
  });

  test.each([
    [{ expiresIn: '2d' }, 'expiresIn: expected a duration from 1m to 24h'],
    [{ expiresIn: '5s' }, 'expiresIn: expected'],
    [{ maxBytes: 0 }, 'maxBytes:'],
    [{ maxBytes: undefined }, 'maxBytes:'],
    [{ maxJobs: 0 }, 'maxJobs:'],
    [{ visitor: '' }, 'visitor:'],
  ])('is not made of %j', async (changes, words) => {
    const wanted = { endpoint: 'video', maxBytes: 1, ...changes };
    const { status, body } = await ask('POST', '/v1/upload-tokens', wanted);
    expect([status, body.detail]).toEqual([400, expect.stringContaining(words)]);
  });

  test('lets the workers of its endpoint read what was uploaded by it, and not change it', async () => {
    const { token } = await newToken();
    const begun = (await create(token, 3)).body as unknown as ArtifactView;
    await fetch(begun.upload?.url ?? '', {
      method: 'PUT',
      headers: begun.upload?.headers ?? {},
      body: 'abc',
    });
    await ask('POST', `/v1/artifacts/${begun.id}/complete`, {}, token);
    const { key: worker } = await newKey({ scope: 'worker', endpoints: ['video'] });
    const { key: foreign } = await newKey({ scope: 'worker', endpoints: ['other'] });
    const path = `/v1/artifacts/${begun.id}`;
    expect((await ask('GET', `${path}/download-url`, undefined, worker)).status).toBe(200);
    const found = await ask('GET', `/v1/artifacts?key=${begun.key}`, undefined, worker);
    expect((found.body.artifacts as ArtifactView[]).map(({ id }) => id)).toEqual([begun.id]);
    expect((await ask('DELETE', path, undefined, worker)).status).toBe(404);
    expect((await ask('GET', path, undefined, foreign)).status).toBe(404);
  });
});
