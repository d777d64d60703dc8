import { expect, test } from 'vitest';
import { useCliStage } from './cli-stage.ts';
import { startCli } from './start-cli.ts';

// Commands that steer a gateway: what they ask of it, and how they show its answers.

const stage = useCliStage();
const { withGateway } = stage;

const setting = <T>(value: T, base = value) => ({ value, base, isOverridden: value !== base });
const endpoint = {
  ...{ name: 'echo', backends: ['process'], isPaused: true },
  settings: {
    workers: { min: setting(0), max: setting(5, 3), idleTimeoutMs: setting(5_000) },
    scaling: setting({ type: 'QUEUE_DELAY', queueDelayMs: 4_000 }),
    retries: { workerLost: setting(1), handlerError: setting(0) },
    ...{ executionTimeoutMs: setting(600_000), ttlMs: setting(86_400_000) },
    ...{ initTimeoutMs: setting(420_000), cancelGraceMs: setting(5_000) },
  },
  jobs: { inQueue: 4, ready: 4, lowPriorityReady: 0, inProgress: 1, completed: 9, failed: 2, retried: 0 },
  workers: { idle: 0, initializing: 1, ready: 0, running: 1, throttled: 0, unhealthy: 0 },
};

test('jobs are filtered by tag and time', async () => {
  const { spillway, gateway: fake } = await withGateway({ 'GET /v1/jobs': { json: { jobs: [] } } });
  const before = Date.now();
  await spillway('jobs', '--tag', 'a b', '--since', '2h', '--until', '2026-11-20T08:00:00Z');
  const query = fake.calls[0]?.query;
  expect(query?.get('tag')).toBe('a b');
  expect(query?.get('until')).toBe(String(Date.UTC(2026, 10, 20, 8)));
  const since = Number(query?.get('since'));
  expect(since).toBeGreaterThanOrEqual(before - 7_200_000);
  expect(since).toBeLessThanOrEqual(Date.now() - 7_200_000);
  const wrong = await spillway('jobs', '--since', 'yesterday');
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--since: expected a time') });
});

test('many jobs are cancelled and retried by filter, and only with --all', async () => {
  const { spillway, gateway: fake } = await withGateway({
    'POST /v1/jobs/cancel': { json: { cancelled: 3 } },
    'POST /v1/jobs/retry': { json: { retried: 1 } },
  });
  const bare = await spillway('jobs', 'cancel', '--endpoint', 'echo');
  expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining('give --all') });
  expect(fake.calls).toHaveLength(0);
  const cancelled = await spillway('jobs', 'cancel', '--all', '--endpoint', 'echo', '--tag', 'x');
  expect(cancelled.stdout).toBe('3 jobs cancelled\n');
  expect(fake.calls[0]?.body).toEqual({ endpoint: 'echo', tag: 'x' });
  expect((await spillway('jobs', 'retry', '--all')).stdout).toBe('1 job back in the queue\n');
  expect(fake.calls[1]?.body).toEqual({ all: true });
  const both = await spillway('jobs', 'retry', 'j1', '--all');
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') });
});

test('jobs are retried and deleted by id', async () => {
  const { spillway } = await withGateway({
    'POST /v1/jobs/j1/retry': { json: { id: 'j1', status: 'IN_QUEUE' } },
    'DELETE /v1/jobs/j1': { json: {} },
  });
  expect((await spillway('jobs', 'retry', 'j1')).stdout).toBe('j1  IN_QUEUE\n');
  const deleted = await spillway('jobs', 'delete', 'j1', '--json');
  expect(JSON.parse(deleted.stdout)).toEqual({ deleted: ['j1'] });
});

test('endpoints are listed, shown and changed in the words of spillway.yaml', async () => {
  const { spillway, gateway: fake } = await withGateway({
    'GET /v1/endpoints': { json: { endpoints: [endpoint] } },
    'GET /v1/endpoints/echo': { json: endpoint },
    'PATCH /v1/endpoints/echo': { json: endpoint },
  });
  const list = await spillway('endpoints');
  expect(list.stdout).toMatch(/^echo +1 of 5, 1 starting +4 +1 +paused; 1 setting changed$/m);
  const shown = await spillway('endpoints', 'show', 'echo');
  expect(shown.stdout).toMatch(/^workers\.max +5 +changed; spillway\.yaml says 3$/m);
  expect(shown.stdout).toMatch(/^ttl +1d$/m);
  const set = await spillway('endpoints', 'set', 'echo', 'workers.max=5', 'ttl=2h', 'cancelGrace=default');
  expect(set.code).toBe(0);
  expect(fake.calls.at(-1)).toMatchObject({
    method: 'PATCH',
    body: { workers: { max: 5 }, ttlMs: 7_200_000, cancelGraceMs: null },
  });
  const wrong = await spillway('endpoints', 'set', 'echo', 'max=5');
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('workers.max') });
});

test.each([
  ['pause', 'POST', '/v1/endpoints/echo/pause'],
  ['resume', 'POST', '/v1/endpoints/echo/resume'],
  ['drain', 'POST', '/v1/endpoints/echo/drain'],
  ['reset', 'DELETE', '/v1/endpoints/echo/overrides'],
  ['resume-starts', 'POST', '/v1/endpoints/echo/resume-starts'],
])('endpoints %s asks the gateway for it', async (action, method, at) => {
  const { spillway, gateway: fake } = await withGateway({ [`${method} ${at}`]: { json: endpoint } });
  const run = await spillway('endpoints', action, 'echo');
  expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^echo {2}\w/) });
  expect(fake.calls.map((call) => `${call.method} ${call.path}`)).toEqual([`${method} ${at}`]);
});

test('workers are listed, ended ones on demand, and drained', async () => {
  const worker = {
    ...{ id: 'w1', endpoint: 'echo', backend: 'process', state: 'running', jobs: 2 },
    ...{ startedAt: 1_000, readyAt: 3_500 },
  };
  const ended = { ...worker, id: 'w0', state: 'stopped', jobs: 0, stopReason: 'it was idle for 5 s' };
  const { spillway } = await withGateway({
    'GET /v1/workers': { json: { workers: [ended, worker] } },
    'POST /v1/workers/w1/drain': { json: { ...worker, state: 'stopping' } },
  });
  const list = await spillway('workers');
  expect(list.stdout).toMatch(/^w1 +echo +process +running +2 .* ready after 2\.5 s$/m);
  expect(list.stdout).not.toContain('w0');
  expect((await spillway('workers', '--all')).stdout).toMatch(/^w0 .* it was idle for 5 s$/m);
  expect((await spillway('workers', 'drain', 'w1')).stdout).toBe('w1  stopping\n');
});

const queued = { id: 'r-1', type: 'job.queued', at: 1_000, endpoint: 'echo', jobId: 'j1' };
const failed = { ...queued, id: 'r-2', type: 'job.failed', error: 'it broke' };
const block = (event: { id: string; type: string }) =>
  `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

test('events shows the last ones that are kept', async () => {
  const { spillway, gateway: fake } = await withGateway({
    'GET /v1/events': { text: [block(queued), block(failed)] },
  });
  const run = await spillway('events', '--endpoint', 'echo', '--tail', '1');
  expect(run.stdout).toMatch(/^\d\d:\d\d:01\.000 {2}job\.failed +echo +j1 {2}it broke\n$/);
  expect(Object.fromEntries(fake.calls[0]?.query ?? [])).toEqual({ endpoint: 'echo', follow: 'false' });
});

test('events -f goes on as they happen, and Ctrl-C is its good end', async () => {
  const { env, gateway: fake } = await withGateway({
    'GET /v1/events': { text: [block(queued)], isEndless: true },
  });
  const cli = startCli(['events', '-f', '--job', 'j1', '--json'], { cwd: stage.cwd, env });
  await cli.printed('"type":"job.queued"');
  expect((await fake.called('GET /v1/events')).query.get('job')).toBe('j1');
  cli.child.kill('SIGINT');
  expect(await cli.ended).toMatchObject({ code: 0, stderr: '' });
});

test('a key may end by itself', async () => {
  const made = { id: 'k1', name: 'a', scope: 'viewer', createdAt: 1, expiresAt: 4e12, key: 'spk_x' };
  const { spillway, gateway: fake } = await withGateway({ 'POST /v1/keys': { status: 201, json: made } });
  const run = await spillway('keys', 'create', 'a', '--scope', 'viewer', '--expires', '30d');
  expect(run.stdout).toMatch(/^good +for \d+ h/m);
  expect(fake.calls[0]?.body).toEqual({ name: 'a', scope: 'viewer', expiresIn: '30d' });
});
