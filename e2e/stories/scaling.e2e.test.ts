// Workers follow the queue: none while nothing waits, up to the limit under load, and none again afterwards, with every
// job done by then.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const LIMITS = `    workers: { min: 0, max: 2, idleTimeout: 1s }
    scaling: { type: REQUEST_COUNT, requestCount: 1 }
`;
// Jobs wait for each other, two at a time: they only end if two workers run at once.
const WORKER = nodeWorker(`
    const { existsSync, writeFileSync } = await import('node:fs');
    writeFileSync(job.input.mine, '');
    while (!existsSync(job.input.other)) await new Promise((resolve) => setTimeout(resolve, 10));
    return { worker: context.workerId };
`);

let test: TestGateway;
beforeAll(async () => {
  test = await startGateway(`endpoints:\n${nodeEndpoint('pair', 'pair.mjs', LIMITS)}`, {
    'pair.mjs': WORKER,
  });
});
afterAll(() => test.stop());

const workers = async () => {
  const health = (await (await test.call('/v2/pair/health')).json()) as { workers: Record<string, number> };
  return (health.workers.idle ?? 0) + (health.workers.running ?? 0) + (health.workers.initializing ?? 0);
};

it('starts at none, grows to the limit, and goes back to none', async () => {
  expect(await workers()).toBe(0);
  const input = (mine: string, other: string) => ({
    mine: `${test.folder}/${mine}`,
    other: `${test.folder}/${other}`,
  });
  const run = async (mine: string, other: string) => {
    const reply = await test.call('/v2/pair/runsync?wait=120000', { json: { input: input(mine, other) } });
    return (await reply.json()) as { status: string; output: { worker: string } };
  };
  const [one, two] = await Promise.all([run('a', 'b'), run('b', 'a')]);
  expect([one.status, two.status]).toEqual(['COMPLETED', 'COMPLETED']);
  expect(one.output.worker).not.toBe(two.output.worker);
  await until(async () => (await workers()) === 0);
});
