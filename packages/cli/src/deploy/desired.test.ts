import { parseConfig } from '@spillway/gateway/config';
import { describe, expect, test } from 'vitest';
import { type DesiredContext, toDesired } from './desired.ts';

const CONTEXT: DesiredContext = {
  ...{ filledIn: new Set(), hidden: new Set(), need: undefined },
  fittingPools: (bytes) => (bytes > 24 * 1024 ** 3 ? [] : ['AMPERE_16', 'AMPERE_24', 'ADA_24', 'AMPERE_48']),
};

function wanted(entry: string, context: Partial<DesiredContext> = {}) {
  const result = parseConfig(`endpoints:\n  clip: ${entry}\n`, {
    ...{ env: {}, path: '/srv/spillway.yaml', builtInWorkers: { clip: { command: ['node', 'clip'] } } },
  });
  const [endpoint] = result.ok ? result.config.endpoints : [];
  if (!endpoint?.deploy) throw new Error(JSON.stringify(result));
  return toDesired(endpoint, endpoint.deploy, { ...CONTEXT, ...context });
}

function settingsOf(entry: string, context: Partial<DesiredContext> = {}) {
  const result = wanted(entry, context);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.desired.settings;
}

function problemsOf(entry: string, context: Partial<DesiredContext> = {}): string {
  const result = wanted(entry, context);
  return result.ok ? '' : result.problems.join('\n');
}

describe('what an endpoint is to be at RunPod', () => {
  test('scaling and execution timeout are those of the endpoint; the image and its arguments too', () => {
    const settings = settingsOf(
      '{ image: a/b:1, args: [python, -u, x.py], executionTimeout: 2m, scaling: { type: REQUEST_COUNT, requestCount: 3 }, deploy: { gpu: { pools: [ADA_24] } } }',
    );
    expect(settings).toMatchObject({
      ...{ image: 'a/b:1', args: 'python -u x.py', timeout: 120_000 },
      ...{ scaling: { type: 'REQUEST_COUNT', requestCount: 3 }, workers: { min: 0, max: 3 } },
    });
  });

  test('by memory the cheapest three pools are taken, by the need of a worker likewise', () => {
    const three = { pools: ['AMPERE_16', 'AMPERE_24', 'ADA_24'], excludedTypes: [], count: 1 };
    expect(settingsOf('{ image: a, deploy: { gpu: { memory: 8g } } }').gpu).toEqual(three);
    const need = { memoryBytes: 6e9, count: 2 };
    expect(settingsOf('{ image: a, deploy: {} }', { need }).gpu).toEqual({ ...three, count: 2 });
  });

  test('a built-in worker is told its name; a secret goes as a reference; what the file leaves out stays', () => {
    const settings = settingsOf(
      '{ worker: clip, deploy: { image: a, cpu: [{ flavor: cpu5c, vcpus: 4 }], secrets: { TOKEN: t-1 } } }',
    );
    expect(settings.env).toEqual({ TOKEN: '{{ RUNPOD_SECRET_t-1 }}', WORKER: 'clip' });
    for (const key of ['args', 'disk', 'ports', 'registry', 'dataCenterIds', 'gpu'])
      expect(settings).not.toHaveProperty(key);
  });

  test('workers that serve HTTP get a port and scale by requests', () => {
    expect(
      settingsOf('{ type: LOAD_BALANCER, image: a, deploy: { gpu: { pools: [ADA_24] } } }'),
    ).toMatchObject({
      ...{ type: 'LOAD_BALANCER', ports: ['8000/http'], scaling: { type: 'REQUEST_COUNT', requestCount: 1 } },
      env: { PORT: '8000', PORT_HEALTH: '8000', HEALTH_CHECK_PATH: '/ping' },
    });
  });
});

describe('what is not enough to deploy', () => {
  test('all of it is told at once', () => {
    const problems = problemsOf('{ worker: clip, deploy: {} }', { filledIn: new Set(['HMAC']) });
    expect(problems).toMatch(/deploy\.image: [\s\S]*--build[\s\S]*deploy\.gpu: [\s\S]*env\.HMAC: /);
  });

  test('more memory than any pool has', () => {
    expect(problemsOf('{ image: a, deploy: { gpu: { memory: 200g } } }')).toContain(
      'no pool of RunPod has cards with 200 GB',
    );
  });

  test('arguments that would have to be quoted, a variable that is said twice', () => {
    expect(problemsOf('{ image: a, args: ["a b"], deploy: { gpu: { pools: [ADA_24] } } }')).toContain(
      'deploy.args',
    );
    const twice = '{ image: a, deploy: { gpu: { pools: [ADA_24] }, env: { A: x }, secrets: { A: y } } }';
    expect(problemsOf(twice)).toContain('it stands in `secrets` too');
  });

  test('a variable of this machine that `deploy.env` speaks of is sent as asked', () => {
    const entry = '{ image: a, env: { A: local }, deploy: { gpu: { pools: [ADA_24] }, env: { A: cloud } } }';
    expect(settingsOf(entry, { filledIn: new Set(['A']) }).env).toEqual({ A: 'cloud' });
  });
});
