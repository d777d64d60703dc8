import { expect, test } from 'vitest';
import { parseConfig } from './parse-config.ts';

function parse(deploy: string) {
  const text = `endpoints:\n  clip:\n    image: acme/clip:1\n    deploy: ${deploy}\n`;
  return parseConfig(text, { env: {}, builtInWorkers: {}, path: '/srv/spillway.yaml' });
}

function deploymentOf(deploy: string) {
  const result = parse(deploy);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config.endpoints[0]?.deploy;
}

test('without a word there are no workers until jobs come, three at most, and nothing else is said', () => {
  expect(deploymentOf('{}')).toEqual({
    workers: { min: 0, max: 3, idleTimeoutMs: 5000 },
    ...{ flashboot: true, volumes: [], env: {}, secrets: {} },
  });
});

test('sizes are gigabytes as RunPod counts them, values keep their spelling', () => {
  const said =
    '{ gpu: { memory: 16g, exclude: [NVIDIA L4], minCuda: "12.4" }, disk: 30g, env: { VERSION: 1.10 }, volumes: [abc123, { name: models, size: 1t, dataCenter: EU-RO-1 }] }';
  expect(deploymentOf(said)).toMatchObject({
    gpu: { memoryBytes: 16 * 1024 ** 3, count: 1, exclude: ['NVIDIA L4'], minCuda: '12.4' },
    ...{ diskGb: 30, env: { VERSION: '1.10' } },
    volumes: [{ id: 'abc123' }, { name: 'models', sizeGb: 1024, dataCenter: 'EU-RO-1' }],
  });
});

test.each([
  ['{ gpu: { pools: [ADA_24], memory: 8g } }', 'deploy.gpu', 'either `pools` or `memory`, found both'],
  ['{ gpu: { count: 2 } }', 'deploy.gpu', 'found neither'],
  ['{ gpu: { pools: [ADA_24] }, cpu: [{ flavor: cpu5c, vcpus: 4 }] }', 'deploy.cpu', '`gpu` or `cpu`'],
  ['{ cpu: [{ flavor: cpu5c, vcpus: 3 }] }', 'deploy.cpu[0].vcpus', 'a power of two'],
  ['{ gpu: { pools: [rtx4090] } }', 'deploy.gpu.pools[0]', 'a pool of RunPod'],
  ['{ workers: { min: 4 } }', 'deploy.workers.min', 'at most `max` (3)'],
  [
    '{ volumes: [{ name: m, size: 5g, dataCenter: EU-RO-1 }] }',
    'deploy.volumes[0].size',
    'a size from 10g to 4096g',
  ],
  ['{ secrets: { TOKEN: "{{ RUNPOD_SECRET_x }}" } }', 'deploy.secrets.TOKEN', 'the name of a secret'],
  ['{ env: { RUNPOD_POD_ID: x } }', 'deploy.env.RUNPOD_POD_ID', 'no variable that RunPod itself sets'],
  ['{ workersMin: 1 }', 'deploy.workersMin', 'unknown key'],
])('%s is told where it stands', (deploy, path, expected) => {
  const result = parse(deploy);
  const problems = result.ok ? [] : result.problems;
  expect(problems.map((problem) => problem.path)).toEqual([`endpoints.clip.${path}`]);
  expect(problems[0]?.message).toContain(expected);
});
