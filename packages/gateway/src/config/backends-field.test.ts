// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { expect, test } from 'vitest';
import { createTestConfig } from './test-config.ts';

const KEY = '"${RUNPOD_API_KEY}"';
const { endpointOf, problemsOf } = createTestConfig({
  RUNPOD_API_KEY: 'rpa_very-secret',
  EMPTY: '',
});

test('jobs spill to RunPod after ten seconds, or at once when nothing here can run them, unless the file says otherwise', () => {
  expect(
    endpointOf('worker: detect', `backends: [process, { runpod: { endpointId: abc123, apiKey: ${KEY} } }]`),
  ).toMatchObject({
    backends: ['process', 'runpod'],
    remote: {
      endpointId: 'abc123',
      apiKey: 'rpa_very-secret',
      baseUrl: 'https://api.runpod.ai/v2',
      maxInFlight: 10,
      queueDelayMs: 10_000,
      onUnhealthy: true,
    },
  });
});

test('everything of RunPod can be set, and an endpoint may run nowhere else', () => {
  const runpod = `{ endpointId: abc, apiKey: ${KEY}, baseUrl: "http://127.0.0.1:9090/v2/", maxInFlight: 3 }`;
  expect(
    endpointOf(`backends: [{ runpod: ${runpod} }]`, 'spill: { queueDelay: 0s, onUnhealthy: false }'),
  ).toMatchObject({
    backends: ['runpod'],
    remote: {
      baseUrl: 'http://127.0.0.1:9090/v2',
      maxInFlight: 3,
      queueDelayMs: 0,
      onUnhealthy: false,
    },
  });
});

test('several endpoints of RunPod stand in order, each with its own settings and the spill rule', () => {
  const one = `{ runpod: { endpointId: small, apiKey: ${KEY}, maxInFlight: 2, queueDelay: 45s } }`;
  const two = `{ runpod: { endpointId: large, apiKey: ${KEY}, gpuPool: ADA_80_PRO } }`;
  expect(
    endpointOf('worker: detect', `backends: [process, ${one}, ${two}]`, 'spill: { queueDelay: 3s }'),
  ).toMatchObject({
    backends: ['process', 'runpod'],
    remote: { endpointId: 'small', maxInFlight: 2, queueDelayMs: 3_000, waitThereMs: 45_000 },
    furtherRemotes: [{ endpointId: 'large', maxInFlight: 10, gpuPool: 'ADA_80_PRO', queueDelayMs: 3_000 }],
  });
  expect(problemsOf('worker: detect', `backends: [${one.replace('45s', '10')}]`)).toMatchObject([
    { message: expect.stringContaining('expected a duration from 1s to 24h') },
  ]);
  expect(problemsOf('worker: detect', `backends: [${one}, ${one}]`)).toMatchObject([
    { message: expect.stringContaining('different `endpointId`s') },
  ]);
});

test('a problem with the key says how to give one and never shows what was found', () => {
  const problems = problemsOf(
    'worker: detect',
    'backends: [process, { runpod: { endpointId: a, apiKey: 4711 } }]',
  );
  expect(problems).toEqual([
    {
      path: 'endpoints.mine.backends[1].runpod.apiKey',
      line: 4,
      message: 'expected a RunPod API key, by a variable of the environment, found something else',
      fix: expect.stringContaining('RUNPOD_API_KEY'),
    },
  ]);
});

test.each([
  ['worker: detect', 'backends: [process, { runpod: { apiKey: k } }]', 'endpointId', 'found nothing'],
  [
    'worker: detect',
    'backends: [{ runpod: { endpointId: a, apiKey: k } }, process]',
    'backends',
    '`runpod` behind the others',
  ],
  ['worker: detect', 'spill: { queueDelay: 5s }', 'spill', 'only beside `runpod`'],
  ['command: [a]', 'type: LOAD_BALANCER\n    urlFields: [image]', 'urlFields', 'which has no jobs'],
  [
    'worker: detect',
    'backends: [process, { runpod: { endpointId: a, apikey: k } }]',
    'apikey',
    'unknown key',
  ],
  ['worker: detect', 'backends: [process, runpot]', 'backends[1]', 'a backend (`process`'],
])('%s with %s is refused at %s', (worker, line, path, message) => {
  const problems = problemsOf(worker, line);
  expect(problems.map((one) => `${one.path}: ${one.message}`).join('\n')).toContain(message);
  expect(problems.some((one) => one.path.endsWith(path))).toBe(true);
});

test('a variable that is not set is named', () => {
  const reference = '"${NO_SUCH_KEY}"';
  const [problem] = problemsOf(
    'worker: detect',
    `backends: [process, { runpod: { endpointId: a, apiKey: ${reference} } }]`,
  );
  expect(problem?.message).toContain('NO_SUCH_KEY');
});

test('faults of calls can be asked for, as shares of them', () => {
  const runpod = (faults: string) =>
    `backends: [{ runpod: { endpointId: a, apiKey: k, faults: ${faults} } }]`;
  expect(endpointOf(runpod('{ latency: 2s, throttleRate: 0.5 }'))?.remote?.faults).toEqual({
    ...{ latencyMs: 2_000, throttleRate: 0.5, errorRate: 0, lostAnswers: 0, seed: 1 },
  });
  expect(endpointOf(runpod('{}').replace(', faults: {}', ''))?.remote).not.toHaveProperty('faults');
  expect(problemsOf(runpod('{ errorRate: 20 }'))).toMatchObject([
    {
      path: 'endpoints.mine.backends[0].runpod.faults.errorRate',
      message: expect.stringContaining('from 0 to 1'),
    },
  ]);
});

test('the only pool that an endpoint is deployed on is what its workers at RunPod are priced by', () => {
  const backends = `backends: [{ runpod: { endpointId: abc123, apiKey: ${KEY} } }]`;
  const poolOf = (gpu: string) => {
    const endpoint = endpointOf('image: acme/x:1', backends, `deploy: { gpu: ${gpu} }`);
    return { gpuPool: endpoint?.remote?.gpuPool, gpuCount: endpoint?.remote?.gpuCount };
  };
  expect(poolOf('{ pools: [ADA_24], count: 2 }')).toEqual({ gpuPool: 'ADA_24', gpuCount: 2 });
  expect(poolOf('{ pools: [ADA_24, AMPERE_24] }')).toEqual({ gpuPool: undefined, gpuCount: 1 });
  const limited = ['image: acme/x:1', backends, 'spill: { maxCostPerDay: 1 }'];
  expect(problemsOf(...limited)).toHaveLength(1);
  expect(problemsOf(...limited, 'deploy: { gpu: { pools: [ADA_24] } }')).toEqual([]);
});
