import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli, type StartedCli, startCli } from './start-cli.ts';

let cwd = '';
const started: StartedCli[] = [];

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'spillway-up-'));
});

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(cwd, { recursive: true, force: true });
});

async function up(...args: string[]): Promise<StartedCli> {
  const cli = startCli(['up', '--port', '0', ...args], { cwd });
  started.push(cli);
  await cli.printed('ready');
  return cli;
}

function holder(): { url: string } {
  return JSON.parse(readFileSync(path.join(cwd, '.spillway', 'gateway.json'), 'utf8')) as { url: string };
}

test('a first start shows the key once, answers, and is found by the other commands', async () => {
  const first = await up();
  const { url } = holder();
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const keyFile = path.join(cwd, '.spillway', 'admin.key');
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(await runCli(['jobs', '--json'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  first.child.kill('SIGINT');
  const { code, stdout } = await first.ended;
  expect(code).toBe(0);
  const key = readFileSync(keyFile, 'utf8').trim();
  expect(stdout).toContain(key);
  expect(stdout).toContain(url);
  expect(stdout).toContain('/v2/detect');

  const second = await up();
  second.child.kill('SIGTERM');
  const again = await second.ended;
  expect(again.code).toBe(0);
  expect(again.stdout).not.toContain(key);
});

test('--json prints JSON lines only, of which one says that it is ready; no key is among them', async () => {
  const cli = await up('--json');
  cli.child.kill('SIGINT');
  const { stdout } = await cli.ended;
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ready = lines.filter(({ event }) => event === 'ready');
  expect(ready).toMatchObject([{ endpoints: ['detect', 'clip', 'ergonomics'], isNewKey: true }]);
  expect(ready[0]?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(stdout).not.toContain(readFileSync(path.join(cwd, '.spillway', 'admin.key'), 'utf8').trim());
});

test.each([[[]], [['--json']]])(
  'a gateway lives on when whoever read its log has left (%j)',
  async (flags) => {
    // Its workers fail to start, and each time it says so.
    writeFileSync(
      path.join(cwd, 'spillway.yaml'),
      'endpoints:\n  broken: { command: [sh, -c, exit 3], workers: { min: 1 } }\n',
    );
    const { child, ended } = await up(...flags);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const failures = async () => {
      const headers = {
        authorization: readFileSync(path.join(cwd, '.spillway', 'admin.key'), 'utf8').trim(),
      };
      const reply = await fetch(`${holder().url}/v1/workers`, { headers });
      const { workers } = (await reply.json()) as { workers: { state: string }[] };
      return workers.filter(({ state }) => state === 'stopped').length;
    };
    const before = await failures();
    await expect.poll(failures).toBeGreaterThan(before + 1);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
  },
);

test('a second gateway over the same data says who holds it', async () => {
  await up();
  const second = await runCli(['up', '--port', '0'], { cwd });
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('in use by another gateway');
  expect(second.stderr).toContain(holder().url);
});

test('a taken port is told in a sentence', async () => {
  await up();
  const port = new URL(holder().url).port;
  const run = await runCli(['up', '--port', port, '--data', 'other'], { cwd });
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/^spillway: can't listen on 127\.0\.0\.1:\d+: the port is taken; .+\n$/);
});

test('every problem of the configuration is told at once, and nothing is started', async () => {
  writeFileSync(
    path.join(cwd, 'spillway.yaml'),
    'listen: nowhere\nendpoints:\n  detect:\n    worker: detct\n    workers: { max: 3, idleTimeout: 5 }\n',
  );
  const run = await runCli(['up'], { cwd });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('spillway.yaml has 3 problems');
  for (const place of [
    'line 1: listen',
    'line 4: endpoints.detect.worker',
    'line 5: endpoints.detect.workers.idleTimeout',
  ]) {
    expect(run.stderr).toContain(place);
  }
  expect(run.stderr.match(/fix: /g)).toHaveLength(3);
  expect(existsSync(path.join(cwd, '.spillway'))).toBe(false);
});

test('a configuration that is named but not there is wrong use', async () => {
  const run = await runCli(['up', '--config', 'nowhere.yaml'], { cwd });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('nowhere.yaml') });
});

const BUCKET = {
  ...{ STORAGE_PROVIDER: 's3', AWS_BUCKET_NAME: 'videos', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' },
  ...{ AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
};

test('what is wrong with the variables of a bucket is a wrong configuration, and nothing is started', async () => {
  const run = await runCli(['up', '--port', '0'], { cwd, env: { ...BUCKET, AWS_BUCKET_NAME: '' } });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('needs AWS_BUCKET_NAME') });
  expect(existsSync(path.join(cwd, '.spillway'))).toBe(false);
});

test('a start names the bucket, and warns while it can not be used', async () => {
  const cli = startCli(['up', '--port', '0'], { cwd, env: BUCKET });
  started.push(cli);
  await cli.printed('ready');
  await cli.printed('does not answer for the bucket videos (ECONNREFUSED)');
  cli.child.kill('SIGTERM');
  const { code, stdout, stderr } = await cli.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/bucket {2}videos of s3 at http:\/\/127\.0\.0\.1:1\n/);
  expect(stderr).toMatch(/warn .*artifacts and large values can't be kept for now/);
});
