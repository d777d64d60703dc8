import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointViewSchema } from '@spillway/protocol/v1';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGateway, type Gateway, parseConfig } from '../src/index.ts';

// Live changes of an endpoint are kept over a restart and over an edited file, which lies below them.

const ADMIN = 'spk_admin-key-of-the-tests';
let folder = '';
let gateway: Gateway | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-overrides-'));
});
afterEach(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a gateway over the folder's data; the one before is stopped first. */
async function restart(endpoint: string): Promise<void> {
  await gateway?.stop();
  const yaml = `listen: 127.0.0.1:0\ndata: ./data\nendpoints:\n  echo:\n    command: ["true"]\n${endpoint}`;
  const parsed = parseConfig(yaml, { path: join(folder, 'spillway.yaml'), env: {}, builtInWorkers: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  gateway = createGateway({ config: parsed.config, adminKey: ADMIN, log: pino({ level: 'silent' }) });
  await gateway.start();
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${gateway?.url}${path}`, {
    method,
    headers: { authorization: ADMIN },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return await response.json();
}

const echo = async () => endpointViewSchema.parse(await call('GET', '/v1/endpoints/echo'));

test('changes and a pause outlive a restart and an edit of the file, until they are taken back', async () => {
  await restart('    workers: { max: 0 }\n');
  await call('PATCH', '/v1/endpoints/echo', { ttlMs: 60_000, workers: { idleTimeoutMs: 9_000 } });
  await call('POST', '/v1/endpoints/echo/pause');
  const { id } = (await call('POST', '/v1/jobs', { endpoint: 'echo', input: {} })) as { id: string };

  await restart('    workers: { max: 0, idleTimeout: 7s }\n    ttl: 2h\n');
  const changed = await echo();
  expect(changed.isPaused).toBe(true);
  expect(changed.settings.ttlMs).toEqual({ value: 60_000, base: 7_200_000, isOverridden: true });
  expect(changed.settings.workers.idleTimeoutMs).toEqual({ value: 9_000, base: 7_000, isOverridden: true });
  expect(changed.settings.retries.workerLost.isOverridden).toBe(false);
  expect(await call('GET', `/v1/jobs/${id}`)).toMatchObject({ waitReason: { code: 'PAUSED' } });
  // A pause from before the restart holds jobs back as a fresh one does.
  const held = fetch(`${gateway?.url}/v2/echo/job-take/w1`, { headers: { authorization: ADMIN } });
  await call('DELETE', '/v1/endpoints/echo/overrides');
  expect(await call('GET', `/v1/jobs/${id}`)).toMatchObject({ status: 'IN_QUEUE' });
  await call('POST', '/v1/endpoints/echo/resume');
  expect(await (await held).json()).toMatchObject({ id });

  await restart('    ttl: 2h\n');
  expect(await echo()).toMatchObject({
    isPaused: false,
    settings: { ttlMs: { value: 7_200_000, isOverridden: false } },
  });
});

test('raising workers.min by a call starts a worker at once, and does so without a job', async () => {
  await restart('    workers: { max: 1 }\n');
  const states = async () => {
    const { workers } = (await call('GET', '/v1/workers')) as { workers: { id: string }[] };
    return workers.length;
  };
  expect(await states()).toBe(0);
  await call('PATCH', '/v1/endpoints/echo', { workers: { min: 1 } });
  while ((await states()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await echo()).settings.workers.min.value).toBe(1);
});
