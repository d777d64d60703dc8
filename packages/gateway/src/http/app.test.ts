import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN, createTestApp, type TestApp } from './test-app.ts';

describe('the HTTP face', () => {
  let test: TestApp;
  beforeEach(() => {
    test = createTestApp();
  });
  afterEach(async () => expect(await test.stop()).toBe(0));

  it('runs a job through both sides, digits and key order as they should be', async () => {
    const id = await test.run('{"input":{"n":1.0,"big":12345678901234567890},"s3Config":{"a":1},"odd":true}');
    const taken = await test.call('GET', '/v2/echo/job-take/w1?gpu=cpu&job_in_progress=0');
    expect(taken.body).toBe(
      `{"id":"${id}","input":{"n":1.0,"big":12345678901234567890},"_spillway":{"attempt":1},"s3Config":{"a":1},"odd":true}`,
    );
    await test.done(id, '{"status":"IN_PROGRESS","output":"half"}');
    expect(await test.statusOf(id)).toMatchObject({ status: 'IN_PROGRESS', output: 'half', workerId: 'w1' });
    await test.clock.advance(120);
    expect((await test.done(id, '{"output":{"n":2.50}}')).statusCode).toBe(200);
    const reply = await test.call('GET', `/v2/echo/status/${id}`);
    expect(reply.body).toBe(
      `{"delayTime":0,"executionTime":120,"id":"${id}","output":{"n":2.50},"status":"COMPLETED","workerId":"w1"}`,
    );
  });

  it('accepts raw and Bearer keys, and refuses others with RunPod’s words', async () => {
    const ask = (authorization?: string) =>
      test.app.inject({
        url: '/v2/echo/health',
        headers: authorization === undefined ? {} : { authorization },
      });
    expect((await ask(ADMIN)).statusCode).toBe(200);
    expect((await ask(`Bearer ${ADMIN}`)).statusCode).toBe(200);
    const none = await ask();
    expect(none.statusCode).toBe(401);
    expect(none.json()).toMatchObject({ status: 401, title: 'Unauthorized', detail: 'no token provided' });
    expect((await ask('Bearer wrong')).json()).toMatchObject({ status: 401, detail: 'invalid api key' });
  });

  it('keeps a client key to its endpoints and operations', async () => {
    const { secret } = test.keys.create({ name: 'shop', scope: 'client', endpoints: ['echo'] });
    const as = { headers: { authorization: secret } };
    expect((await test.call('POST', '/v2/echo/run', { input: {} }, as)).statusCode).toBe(200);
    expect((await test.call('POST', '/v2/other/run', { input: {} }, as)).json()).toMatchObject({
      detail: 'endpoint not found',
    });
    expect((await test.call('GET', '/v1/keys', undefined, as)).statusCode).toBe(403);
    const take = test.call('GET', '/v2/echo/job-take/w1', undefined, as);
    await test.clock.advance(1_000);
    expect((await take).statusCode).toBe(403);
  });

  it.each([
    ['nothing', '', /got nothing/],
    ['no JSON', '{"input":', /not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    ['no input', '{}', /input: missing/],
    ['a list as input', '{"input":[1]}', /input: expected a JSON object/],
    [
      'a short timeout',
      '{"input":{},"policy":{"executionTimeout":1}}',
      /policy\.executionTimeout: expected 5000 to/,
    ],
    ['a webhook that is no URL', '{"input":{},"webhook":"nowhere"}', /webhook: /],
  ])('refuses %s as a submit, says why, and keeps nothing', async (_name, body, words) => {
    const reply = await test.call('POST', '/v2/echo/run', body);
    expect(reply.statusCode).toBe(400);
    expect(reply.json<{ detail: string }>().detail).toMatch(words);
    expect((await test.call('GET', '/v1/jobs')).json()).toEqual({ jobs: [] });
  });

  it('names all wrong fields of a submit at once', async () => {
    const reply = await test.call('POST', '/v2/echo/run', { webhook: 'x', policy: { ttl: 5 } });
    const { detail } = reply.json<{ detail: string }>();
    for (const field of ['input', 'webhook', 'policy.ttl']) expect(detail).toContain(`${field}: `);
  });

  it('passes no client’s word on to workers as the gateway’s own', async () => {
    const forged = '{"attempt":7,"submitter":"admin"}';
    await test.run(`{"input":{},"_spillway":${forged},"\\u005fspillway":${forged},"odd":true}`);
    const taken = await test.take();
    expect(taken).toMatch(/"input":\{\},"_spillway":\{"attempt":1\},"odd":true\}$/);
  });

  it('answers 404 for unknown endpoints, jobs, other endpoints’ jobs and routes', async () => {
    const id = await test.run();
    expect((await test.call('POST', '/v2/nope/run', { input: {} })).json()).toMatchObject({
      status: 404,
      detail: 'endpoint not found',
    });
    expect((await test.call('GET', '/v2/echo/status/nope')).json()).toMatchObject({
      status: 404,
      detail: 'job not found',
    });
    expect((await test.call('GET', `/v2/other/status/${id}`)).statusCode).toBe(404);
    expect((await test.call('GET', '/v3/x')).json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });

  it('answers 405 with the methods that a path has', async () => {
    const reply = await test.call('PUT', '/v1/jobs', {});
    expect(reply.statusCode).toBe(405);
    expect(reply.headers.allow).toBe('GET, POST');
    expect(reply.json()).toMatchObject({ detail: '/v1/jobs takes GET or POST, not PUT' });
  });

  it('refuses filters that it does not know, which would mean every job', async () => {
    const reply = await test.call('GET', '/v1/jobs?tags=nightly&status=FAILED');
    expect(reply.statusCode).toBe(400);
    expect(reply.json<{ detail: string }>().detail).toMatch(/^tags: unknown; expected endpoint, status, tag/);
  });

  it('lists jobs and shows one with its attempts', async () => {
    const id = await test.run('{"input":{"n":1.0}}');
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.done(id, '{"output":2.0}');
    const list = (await test.call('GET', '/v1/jobs?endpoint=echo&status=COMPLETED')).json<{
      jobs: { id: string }[];
    }>();
    expect(list.jobs.map((job) => job.id)).toEqual([id]);
    const shown = await test.call('GET', `/v1/jobs/${id}`);
    expect(shown.body).toContain('"input":{"n":1.0},"output":2.0');
    expect(shown.json()).toMatchObject({ attempts: [{ number: 1, workerId: 'w1', outcome: 'completed' }] });
    expect((await test.call('GET', '/v1/jobs?status=RUNNING')).statusCode).toBe(400);
    expect((await test.call('GET', '/v1/jobs?limit=0')).statusCode).toBe(400);
  });

  it('makes, lists and revokes keys, and shows a secret once', async () => {
    const made = (await test.call('POST', '/v1/keys', { name: 'ci', scope: 'client' })).json<{
      id: string;
      key: string;
    }>();
    const as = { headers: { authorization: made.key } };
    expect((await test.call('GET', '/v2/echo/health', undefined, as)).statusCode).toBe(200);
    expect((await test.call('GET', '/v1/keys')).body).not.toContain(made.key);
    expect((await test.call('DELETE', `/v1/keys/${made.id}`)).statusCode).toBe(204);
    expect((await test.call('GET', '/v2/echo/health', undefined, as)).statusCode).toBe(401);
    const bad = await test.call('POST', '/v1/keys', { scope: 'root', endpoints: ['nope'] });
    expect(bad.json<{ detail: string }>().detail).toMatch(/name: .*scope: /);
  });

  it('needs no key to tell that it lives', async () => {
    expect((await test.app.inject('/livez')).json()).toEqual({ status: 'ok' });
    expect((await test.app.inject('/readyz')).statusCode).toBe(200);
  });
});
