import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';
import { runCli } from './start-cli.ts';

const ENV = {
  RUNPOD_WEBHOOK_GET_JOB: 'http://10.0.0.5:8080/v2/echo/job-take/$ID?gpu=pool',
  RUNPOD_AI_API_KEY: 'spk_worker',
  ODD: `it's "$HOME"`,
};
const made = {
  ...{ endpoint: 'echo', workerId: 'pool-abc', origin: 'http://10.0.0.5:8080', keyId: 'k7' },
  env: ENV,
};

let cwd = '';
let gateway: FakeGateway;
beforeEach(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'spillway-pool-'));
  gateway = await startFakeGateway({
    'POST /v1/endpoints/echo/pool-workers': ({ body }) => ({
      json: { ...made, origin: body.origin ?? 'http://127.0.0.1:8080' },
    }),
  });
});
afterEach(async () => {
  await gateway.close();
  rmSync(cwd, { recursive: true });
});

const spillway = (...args: string[]) =>
  runCli(args, { cwd, env: { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: 'spk_admin' } });

test('a shell that reads the printed lines has exactly the variables of a worker', async () => {
  const run = await spillway('pool', 'env', 'echo', '--url', 'http://10.0.0.5:8080', '--name', 'office pc');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(gateway.calls[0]?.body).toEqual({ name: 'office pc', origin: 'http://10.0.0.5:8080' });
  const names = Object.keys(ENV);
  const script = `${run.stdout}\nfor n in ${names.join(' ')}; do eval "printf '%s\\n' \\"\\$$n\\""; done`;
  const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  expect(printed.trimEnd().split('\n')).toEqual(Object.values(ENV));
  expect(run.stdout).toContain('spillway keys revoke k7');
});

test('an address that only this machine can reach is told, beside the result', async () => {
  const run = await spillway('pool', 'env', 'echo', '--json');
  expect(run.code).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ workerId: 'pool-abc', env: ENV });
  expect(gateway.calls[0]?.body).toEqual({});
  expect(run.stderr).toContain('`publicUrl` or `workerListen`');
});

test('an endpoint that the gateway refuses ends with its sentence', async () => {
  const run = await spillway('pool', 'env', 'other');
  expect(run).toMatchObject({ code: 1, stdout: '', stderr: 'spillway: not here\n' });
});
