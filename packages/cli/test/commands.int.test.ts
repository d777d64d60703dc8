import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { useCliStage } from './cli-stage.ts';
import { runCli, startCli } from './start-cli.ts';

const stage = useCliStage();
const { withGateway } = stage;

const job = {
  ...{ id: 'j1', endpoint: 'echo', status: 'FAILED', createdAt: 1000, startedAt: 1500, finishedAt: 4000 },
  ...{ attempt: 1, workerId: 'w1', error: 'it broke', priority: 0, tags: [] as string[] },
};
const endpoints = { json: { endpoints: [{ name: 'echo' }] } };

test('the help names every command, ways to the gateway and exit codes', async () => {
  const run = await runCli([], { cwd: stage.cwd });
  expect(run.code).toBe(0);
  for (const word of [
    ...['up', 'run', 'jobs', 'endpoints', 'workers', 'logs', 'events', 'keys', 'doctor'],
    ...['SPILLWAY_URL', 'Exit codes'],
  ]) {
    expect(run.stdout).toContain(word);
  }
});

test.each(['up', 'run', 'jobs', 'endpoints', 'workers', 'logs', 'events', 'keys'])(
  'the help of %s has examples',
  async (verb) => {
    const run = await runCli([verb, '--help'], { cwd: stage.cwd });
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(`  spillway ${verb}`);
  },
);

test('an unknown command or option is wrong use, with the likely one named', async () => {
  expect(await runCli(['rnu'], { cwd: stage.cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean run?'),
  });
  expect(await runCli(['jobs', '--lmit', '3'], { cwd: stage.cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--limit'),
  });
});

test('jobs shows a table, or with --json the gateway’s own answer', async () => {
  const page = { jobs: [job], nextCursor: '7' };
  const { spillway, gateway: fake } = await withGateway({ 'GET /v1/jobs': { json: page } });
  const shown = await spillway('jobs', '--endpoint', 'echo', '--status', 'failed', '--limit', '3');
  expect(shown.stdout).toMatch(/^j1 +echo +FAILED .* 2\.5 s +it broke$/m);
  expect(shown.stderr).toContain('--cursor 7');
  expect(Object.fromEntries(fake.calls[0]?.query ?? [])).toEqual({
    endpoint: 'echo',
    status: 'FAILED',
    limit: '3',
  });
  const json = await spillway('jobs', '--json');
  expect(JSON.parse(json.stdout)).toEqual(page);
});

test('jobs show tells each attempt and cuts large values', async () => {
  const failure = { type: 'WORKER_CRASHED', message: 'the worker was killed' };
  const attempts = [{ number: 1, workerId: 'w1', startedAt: 1500, endedAt: 4000, outcome: 'lost', failure }];
  const detail = { ...job, attempts, input: { image: 'A'.repeat(9000) } };
  const { spillway } = await withGateway({ 'GET /v1/jobs/j1': { json: detail } });
  const { stdout } = await spillway('jobs', 'show', 'j1');
  expect(stdout).toContain('WORKER_CRASHED: the worker was killed');
  expect(stdout).toContain('(9.0 kB)');
  expect(stdout.length).toBeLessThan(1500);
});

test('jobs show tells where attempts ran, why and what they cost, and which may run at RunPod without our hearing of it', async () => {
  const ended = {
    number: 1,
    workerId: 'runpod:far:a',
    startedAt: 1500,
    endedAt: 4000,
    outcome: 'handed-back',
  };
  const route = {
    backend: 'runpod',
    code: 'QUEUE_DELAY',
    message: 'it had waited too long',
    remoteEndpoint: 'far',
  };
  const mayRunUntil = Date.now() + 3_600_000;
  const attempts = [
    { ...ended, route: { ...route, there: 'unseen', mayRunUntil } },
    {
      ...{ ...ended, number: 2, route: { ...route, there: 'to-cancel', remoteId: 'r2' } },
      cost: { seconds: 3, priceClass: 'ADA_24', micros: 930 },
    },
    {
      ...ended,
      number: 3,
      workerId: 'w1',
      route: { backend: 'local', code: 'LOCAL', message: 'a worker here took it' },
    },
  ];
  const { spillway } = await withGateway({ 'GET /v1/jobs/j1': { json: { ...job, attempts, input: {} } } });
  const { stdout } = await spillway('jobs', 'show', 'j1');
  expect(stdout).toMatch(/^ *1 +handed-back +runpod:far:a +RunPod far +2\.5 s/m);
  expect(stdout).toMatch(/^ *2 +handed-back +runpod:far:a +RunPod far +2\.5 s +\$0\.00093/m);
  expect(stdout).toMatch(/^ *3 +handed-back +w1 +here +2\.5 s/m);
  expect(stdout).toContain('attempt 1 went to far: it had waited too long');
  expect(stdout).toContain(`until ${new Date(mayRunUntil).toISOString().slice(0, 10)}`);
  expect(stdout).toMatch(
    /attempt 2 went to far as r2: .*\n {2}it counts for nothing any more, and is yet to be cancelled/,
  );
});

test('cancel says what became of the job, and ends with 1 when it was too late', async () => {
  const { spillway } = await withGateway({
    'POST /v1/jobs/j1/cancel': { json: { ...job, status: 'CANCELLED' } },
    'POST /v1/jobs/j2/cancel': { json: { ...job, id: 'j2', status: 'COMPLETED' } },
  });
  expect(await spillway('jobs', 'cancel', 'j1')).toMatchObject({ code: 0, stdout: 'j1  CANCELLED\n' });
  const late = await spillway('jobs', 'cancel', 'j2');
  expect(late).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('ended before it could be cancelled'),
  });
  expect(await spillway('jobs', 'cancel', 'j3')).toMatchObject({ code: 1, stderr: 'spillway: not here\n' });
});

test('a new key is shown once, with what it may do', async () => {
  const made = {
    id: 'k1',
    name: 'shop',
    scope: 'client',
    endpoints: ['echo'],
    createdAt: 1,
    key: 'spk_secret',
  };
  const { spillway, gateway: fake } = await withGateway({ 'POST /v1/keys': { json: made } });
  const run = await spillway('keys', 'create', 'shop', '--endpoint', 'echo');
  expect(run.stdout).toContain('spk_secret');
  expect(fake.calls[0]?.body).toEqual({ name: 'shop', scope: 'client', endpoints: ['echo'] });
  const json = await spillway('keys', 'create', 'shop', '--json');
  expect(JSON.parse(json.stdout)).toEqual(made);
  expect(fake.calls[1]?.body).toEqual({ name: 'shop', scope: 'client' });
});

test('revoking asks the gateway to delete the key', async () => {
  const { spillway, gateway: fake } = await withGateway({ 'DELETE /v1/keys/k1': { json: {} } });
  expect(await spillway('keys', 'revoke', 'k1')).toMatchObject({ code: 0, stdout: 'k1 revoked\n' });
  expect(fake.calls).toHaveLength(1);
});

test('logs are found by endpoint, by worker and by job', async () => {
  const log = { text: ['{"workerId":"w1","line":"first"}\n{"worker', 'Id":"w1","line":"second"}\n'] };
  const { spillway, gateway: fake } = await withGateway({
    'GET /v1/endpoints': endpoints,
    'GET /v1/endpoints/echo/logs': log,
    'GET /v1/workers/w1/logs': log,
    'GET /v1/jobs/j1': { json: { ...job, attempts: [] } },
  });
  for (const target of ['echo', 'w1', 'j1']) {
    expect(await spillway('logs', target, '--tail', '9')).toMatchObject({
      code: 0,
      stdout: 'first\nsecond\n',
    });
  }
  expect(fake.calls.at(-1)?.query.get('tail')).toBe('9');
  const lost = await spillway('logs', 'nothing');
  expect(lost).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no endpoint, worker or job is named nothing'),
  });
});

test('lines of another worker are told apart, and those on jobs at RunPod tell themselves', async () => {
  const lines = [
    { workerId: 'w1', line: 'one' },
    { workerId: 'runpod:far:a', line: '[runpod 2026-11-21T10:00:00.000Z] job j1 has begun' },
    { workerId: 'w1', line: 'two' },
    { workerId: 'w2', line: 'three' },
  ];
  const { spillway } = await withGateway({
    'GET /v1/endpoints': endpoints,
    'GET /v1/endpoints/echo/logs': { text: lines.map((line) => `${JSON.stringify(line)}\n`) },
  });
  const shown = await spillway('logs', 'echo');
  expect(shown.stdout).toBe(`${lines.map(({ line }) => line).join('\n')}\n`);
  expect(shown.stderr).toMatch(/worker w1\n.*worker w2\n/);
  expect(shown.stderr).not.toContain('runpod:far:a');
  const json = await spillway('logs', 'echo', '--json');
  expect(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(lines);
});

test('following a log prints lines as they come, and Ctrl-C is its good end', async () => {
  const { gateway: fake, env } = await withGateway({
    'GET /v1/endpoints': endpoints,
    'GET /v1/endpoints/echo/logs': { text: ['{"workerId":"w1","line":"one"}\n'], isEndless: true },
  });
  const cli = startCli(['logs', 'echo', '-f', '--json'], { cwd: stage.cwd, env });
  await cli.printed('"line":"one"');
  expect((await fake.called('GET /v1/endpoints/echo/logs')).query.get('follow')).toBe('true');
  cli.child.kill('SIGINT');
  expect(await cli.ended).toMatchObject({ code: 0, stderr: '' });
});

test('without a gateway the sentence says where it was looked for and what to do', async () => {
  const { env, gateway: fake } = await withGateway({});
  await fake.close();
  const run = await runCli(['jobs'], { cwd: stage.cwd, env });
  expect(run).toMatchObject({ code: 1, stdout: '' });
  expect(run.stderr).toBe(`spillway: no gateway at ${fake.url}; start one with \`spillway up\`\n`);
  const json = await runCli(['run', 'echo', '{}', '--json'], { cwd: stage.cwd, env });
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'UNREACHABLE' } });
  expect(json.stdout).toBe('');
});

test('a key that the gateway does not know is told as such', async () => {
  const body = {
    status: 401,
    title: 'Unauthorized',
    detail: 'invalid api key',
    error: 'x',
    code: 'UNAUTHORIZED',
  };
  const { spillway } = await withGateway({ 'GET /v1/keys': { status: 401, json: body } });
  const run = await spillway('keys');
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('does not know this key') });
});

test('the data directory tells the address and the key', async () => {
  const { gateway: fake } = await withGateway({ 'GET /v1/keys': { json: { keys: [] } } });
  const data = path.join(stage.cwd, 'data');
  mkdirSync(data);
  writeFileSync(path.join(data, 'admin.key'), 'spk_of_file\n');
  writeFileSync(path.join(data, 'gateway.json'), JSON.stringify({ pid: 1, url: fake.url }));
  expect(await runCli(['keys', '--data', 'data'], { cwd: stage.cwd })).toMatchObject({ code: 0 });
  writeFileSync(path.join(stage.cwd, 'spillway.yaml'), 'data: ./data\n');
  expect(await runCli(['keys'], { cwd: stage.cwd })).toMatchObject({ code: 0 });
  expect(fake.calls.map(({ authorization }) => authorization)).toEqual([
    'Bearer spk_of_file',
    'Bearer spk_of_file',
  ]);
});

test('where no gateway has left its address, that of the file is asked', async () => {
  const { gateway: fake } = await withGateway({ 'GET /v1/keys': { json: { keys: [] } } });
  const { port } = new URL(fake.url);
  const env = { SPILLWAY_API_KEY: 'spk_key' };
  for (const listen of [`127.0.0.1:${port}`, `0.0.0.0:${port}`]) {
    writeFileSync(path.join(stage.cwd, 'spillway.yaml'), `listen: ${listen}\n`);
    expect(await runCli(['keys'], { cwd: stage.cwd, env })).toMatchObject({ code: 0 });
  }
  // Nobody listens there; what is told is which address was tried.
  writeFileSync(path.join(stage.cwd, 'spillway.yaml'), 'listen: "[::]:1"\n');
  expect((await runCli(['keys'], { cwd: stage.cwd, env })).stderr).toContain('http://[::1]:1');
  // What runs now, and what the user says, goes before it.
  mkdirSync(path.join(stage.cwd, '.spillway'));
  writeFileSync(path.join(stage.cwd, '.spillway', 'gateway.json'), JSON.stringify({ pid: 1, url: fake.url }));
  expect(await runCli(['keys'], { cwd: stage.cwd, env })).toMatchObject({ code: 0 });
  const named = await runCli(['keys'], {
    cwd: stage.cwd,
    env: { ...env, SPILLWAY_URL: 'http://127.0.0.1:2' },
  });
  expect(named.stderr).toContain('http://127.0.0.1:2');
  expect(fake.calls).toHaveLength(3);
});

test('the key file of this machine is never sent to another one', async () => {
  mkdirSync(path.join(stage.cwd, '.spillway'));
  writeFileSync(path.join(stage.cwd, '.spillway', 'admin.key'), 'spk_of_file\n');
  const run = await runCli(['keys'], { cwd: stage.cwd, env: { SPILLWAY_URL: 'https://gpu.example.com' } });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('set SPILLWAY_API_KEY') });
});

test('an old Node hands over to the one of the installation, or says what it needs', async () => {
  const pretend =
    'data:text/javascript,const versions={...process.versions,node:"18.20.0"};Object.defineProperty(process,"versions",{value:versions})';
  const nodeOptions = ['--import', pretend];
  const handedOver = await runCli(['jobs', '--lmit'], { cwd: stage.cwd, nodeOptions });
  expect(handedOver).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean --limit?') });
  const alone = await runCli(['--version'], {
    cwd: stage.cwd,
    nodeOptions,
    env: { SPILLWAY_HANDED_OVER: '1' },
  });
  expect(alone).toMatchObject({ code: 2, stdout: '' });
  expect(alone.stderr).toMatch(/^spillway needs Node 24 or newer, and this is 18\.20\.0;.*\n$/);
});
