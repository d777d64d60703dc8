// A worker that cannot start must not look like a queue that is merely slow: the waiting job itself says what happened,
// with the worker's last words, and starts stop instead of burning the machine.
import { afterEach, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

let test: TestGateway;
afterEach(() => test.stop());

it('a job whose workers all crash at the start says so, with the log', async () => {
  const yaml = `endpoints:\n  broken:\n    command: [/bin/sh, -c, "echo 'no module named torch' >&2; exit 3"]\n`;
  test = await startGateway(yaml);
  const { id } = (await (await test.call('/v2/broken/run', { json: { input: {} } })).json()) as {
    id: string;
  };
  type Waiting = { status: string; waitReason?: { code: string; message: string } };
  const status = async () => (await (await test.call(`/v2/broken/status/${id}`)).json()) as Waiting;
  await until(async () => (await status()).waitReason?.code === 'WORKER_CRASH_LOOP');
  const { status: state, waitReason } = await status();
  expect(state).toBe('IN_QUEUE');
  expect(waitReason?.message).toContain('exited with code 3');
  expect(waitReason?.message).toContain('no module named torch');
});

it('a command that does not exist is named', async () => {
  test = await startGateway('endpoints:\n  typo:\n    command: [pyhton3, handler.py]\n');
  const { id } = (await (await test.call('/v2/typo/run', { json: { input: {} } })).json()) as { id: string };
  const reason = async () => {
    const reply = await test.call(`/v2/typo/status/${id}`);
    return ((await reply.json()) as { waitReason?: { message: string } }).waitReason?.message ?? '';
  };
  await until(async () => (await reason()).includes('pyhton3'));
  expect(await reason()).toMatch(/pyhton3.*not found/);
});
