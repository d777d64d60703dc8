import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from '../app.ts';
import { createNativeTestApp, type NativeTestApp } from '../test-native-app.ts';
import { buildOpenApiDocument, type Operation } from './build-document.ts';
import { TAGS } from './route-doc.ts';

const document = buildOpenApiDocument(ROUTES, { version: '1.2.3' });
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe('the OpenAPI document', () => {
  it('has every route, each under a name of its own, in a known group', () => {
    const rows = ROUTES.flatMap((route) => route.methods.map((method) => `${method} ${route.path}`));
    expect(operations).toHaveLength(rows.length);
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { operation } of operations)
      expect(Object.keys(TAGS)).toContain((operation.tags as string[])[0]);
  });

  it('names each parameter of a path', () => {
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters as { in: string; name: string }[]).filter(
        (parameter) => parameter.in === 'path',
      );
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    }
  });

  it('wants a key where the route does', () => {
    const open = operations.filter(({ operation }) => operation.security === undefined);
    expect(open.map(({ path }) => path).toSorted()).toEqual(
      [
        ...['/docs', '/docs/reference.js', '/livez', '/openapi.json', '/readyz'],
        ...['/pages/ergonomics', '/pages/ergonomics/{path}'],
        // Signed.
        ...['/v1/artifacts/data/{path}', '/v1/artifacts/data/{path}'],
        // Has a code of its own.
        '/v1/hooks/runpod/{attempt}/{code}',
      ].toSorted(),
    );
  });

  it('refers to nothing that is not there', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas).toHaveProperty(name ?? '');
    expect(text).not.toContain('$defs');
  });

  it('leaves answers open for keys that come later, and keeps bodies closed', () => {
    const { Job, JobSubmit } = document.components.schemas;
    expect(Job).not.toHaveProperty('additionalProperties');
    expect(JobSubmit).toHaveProperty('additionalProperties', false);
  });
});

describe('real answers', () => {
  let test: NativeTestApp;
  beforeEach(() => {
    test = createNativeTestApp();
  });
  afterEach(async () => {
    expect(await test.stop()).toBe(0);
  });

  /** Rows whose success another test sees: they need parts that are not here, or answer without end or by hand. */
  const SEEN_ELSEWHERE = [
    /^GET \/v1\/events$/,
    /^(GET|POST) \/v2\/:endpoint\/openai/,
    /\/v1\/embeddings$/,
    /\/batch/,
    /\/pool-workers$/,
    /\/v1\/deliveries/,
    /\/v1\/artifacts/,
    /\/workers\/:worker\/(files|jobs)/,
    /\/v1\/storage/,
    /\/v1\/hooks\/runpod/,
    /\/v1\/upload-tokens/,
    /\/pages\//,
  ];

  it('fit the document, for every operation', async () => {
    const { call } = test;
    const worker = await test.startWorker();
    const id = await test.submit({ tags: ['a'], webhook: 'https://example.com/' });
    await test.take(worker);
    await test.done(id, '{"status":"IN_PROGRESS","output":0.5}', worker);
    await call('POST', `/v2/echo/job-stream/${worker}/${id}`, '{"output":1}');
    await call('GET', `/v2/echo/ping/${worker}?job_id=${id}`);
    for (const route of ['status', 'status-sync', 'stream'] as const) {
      await test.done(id, '{"output":{"a":[1]}}', worker);
      for (const method of ['GET', 'POST'] as const) await call(method, `/v2/echo/${route}/${id}`);
    }
    const failed = (await call('POST', '/v2/echo/run', { input: {} })).json<{ id: string }>().id;
    await call('GET', `/v2/echo/job-take-batch/${worker}?batch_size=2`);
    await test.done(failed, '{"error":"no"}', worker);
    for (const path of [`/v2/echo/retry/${failed}`, `/v2/echo/cancel/${failed}`]) await call('POST', path);
    const held = call('POST', '/v2/echo/runsync?wait=1000', { input: {} });
    const stop = call('GET', `/v2/echo/job-stop/${worker}`);
    await test.clock.advance(25_000);
    await Promise.all([held, stop]);
    await call('POST', '/v2/echo/purge-queue');
    for (const path of ['health', 'metrics', 'requests']) await call('GET', `/v2/echo/${path}`);

    for (const path of ['/v1/jobs', `/v1/jobs/${id}`, `/v1/jobs/${id}/deliveries`]) await call('GET', path);
    const second = await test.submit();
    await test.take('w2');
    await test.done(second, '{"error":"no"}', 'w2');
    await call('POST', `/v1/jobs/${second}/retry`);
    await call('POST', `/v1/jobs/${second}/cancel`);
    await call('DELETE', `/v1/jobs/${second}`);
    for (const path of ['cancel', 'retry']) await call('POST', `/v1/jobs/${path}`, { endpoint: 'echo' });

    for (const path of [
      'usage',
      'prices',
      'budgets',
      'endpoints',
      'endpoints/echo',
      'gpus',
      'workers',
      `workers/${worker}`,
    ])
      await call('GET', `/v1/${path}`);
    for (const path of [`workers/${worker}/logs`, 'endpoints/echo/logs']) await call('GET', `/v1/${path}`);
    await call('PATCH', '/v1/endpoints/echo', { scaling: { type: 'REQUEST_COUNT', requestCount: 2 } });
    for (const path of ['pause', 'resume', 'resume-starts', 'drain'])
      await call('POST', `/v1/endpoints/echo/${path}`);
    await call('DELETE', '/v1/endpoints/echo/overrides');
    await call('POST', `/v1/workers/${worker}/drain`);

    const key = (await call('POST', '/v1/keys', { name: 'k', scope: 'viewer', expiresIn: '1h' })).json<{
      id: string;
    }>();
    await call('GET', '/v1/keys');
    await call('POST', '/v1/estimate', { endpoint: 'echo', jobs: 10 });
    await call('POST', '/v1/prices/refresh');
    await call('DELETE', `/v1/keys/${key.id}`);
    for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/reference.js'])
      await call('GET', path);

    const missed = ROUTES.flatMap((route) => route.methods.map((method) => `${method} ${route.path}`))
      .filter((operation) => !test.answers.answered.has(operation))
      .filter((operation) => !SEEN_ELSEWHERE.some((pattern) => pattern.test(operation)));
    expect(missed).toEqual([]);
    expect(test.answers.problems).toEqual([]);
  });

  it('the reference page asks nobody but the gateway, and its script is all here', async () => {
    const page = await test.app.inject('/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*/);
    expect(page.body).not.toMatch(/(?:src|href|data-url)="(?!\/)/);
    const script = await test.app.inject('/docs/reference.js');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(script.body.length).toBeGreaterThan(1_000_000);
    const { openapi, paths } = (await test.app.inject('/openapi.json')).json<{
      openapi: string;
      paths: Record<string, Operation>;
    }>();
    expect(openapi).toBe('3.1.0');
    // Beside the route table, and all the same in what clients are told.
    expect(Object.keys(paths['/lb/{endpoint}/{path}'] ?? {})).toEqual([
      'get',
      'post',
      'put',
      'patch',
      'delete',
    ]);
  });
});
