// Whoever follows the logs of an endpoint hears all its workers, also those that start later.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const WORKER = nodeWorker(`
    console.log('job ' + job.input.number + ' on ' + process.env.RUNPOD_POD_ID);
    return process.env.RUNPOD_POD_ID;
`);

let gateway: TestGateway;
const leaving = new AbortController();
beforeEach(async () => {
  gateway = await startGateway(`endpoints:\n${nodeEndpoint('echo', 'worker.mjs')}`, { 'worker.mjs': WORKER });
});
afterEach(async () => {
  leaving.abort();
  await gateway.stop();
});

/** Reads on until the caller leaves; `heard` grows. */
async function follow(query: string): Promise<{ readonly heard: () => string }> {
  const answer = await gateway.call(`/v1/endpoints/echo/logs?follow=true${query}`, {
    signal: leaving.signal,
  });
  let heard = '';
  void (async () => {
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) heard += chunk;
  })().catch(() => {});
  return { heard: () => heard };
}

async function run(number: number): Promise<string> {
  const answer = await gateway.call('/v2/echo/runsync?wait=60000', { json: { input: { number } } });
  return ((await answer.json()) as { output: string }).output;
}

it('a worker that started after them is heard like the first, and each line says whose it is', async () => {
  // Before any worker has run.
  const text = await follow('');
  const early = await run(0);
  await gateway.call(`/v1/workers/${early}/drain`, { method: 'POST' });
  await until(async () => {
    const worker = await gateway.call(`/v1/workers/${early}`);
    return ((await worker.json()) as { state: string }).state === 'stopped';
  });
  // What it printed is told once, as the last lines.
  const json = await follow('&format=json');
  const first = await run(1);
  await until(() => text.heard().includes(`job 1 on ${first}`));
  await gateway.call(`/v1/workers/${first}/drain`, { method: 'POST' });
  const second = await run(2);
  expect(second).not.toBe(first);
  await until(() => text.heard().includes(`job 2 on ${second}`));
  await until(() => json.heard().includes(`job 2 on ${second}`));
  const lines = text.heard().split('\n');
  expect(lines.indexOf(`[spillway] worker ${second}`)).toBeLessThan(lines.indexOf(`job 2 on ${second}`));
  const objects = json
    .heard()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { workerId: string; line: string });
  const ofJobs = objects.filter(({ line }) => line.startsWith('job '));
  expect(ofJobs).toEqual([
    { workerId: early, line: `job 0 on ${early}` },
    { workerId: first, line: `job 1 on ${first}` },
    { workerId: second, line: `job 2 on ${second}` },
  ]);
});
