import { expect, test } from 'vitest';
import type { GatewayConfig } from './gateway-config.ts';
import { parseConfig } from './parse-config.ts';
import { formatProblems } from './problem.ts';

const context = {
  path: '/site/spillway.yaml',
  env: {},
  builtInWorkers: { detect: { command: ['node', 'detect.ts'] } },
};

/** A file with the endpoint `web`, which is right but for these lines. */
function fileOf(...lines: string[]): string {
  const own = ['type: LOAD_BALANCER', 'command: [python3, server.py]', ...lines];
  return ['endpoints:', '  web:', ...own.map((line) => `    ${line}`)].join('\n');
}

function configOf(text: string): GatewayConfig {
  const result = parseConfig(text, context);
  if (!result.ok) throw new Error(formatProblems('spillway.yaml', result.problems));
  return result.config;
}

function problemsOf(text: string) {
  const result = parseConfig(text, context);
  return result.ok ? [] : result.problems.map(({ path, message, fix }) => [path, `${message}; ${fix}`]);
}

test("a load-balancing endpoint gets RunPod's limits, and scales by requests", () => {
  const [endpoint] = configOf(fileOf()).endpoints;
  expect(endpoint).toMatchObject({
    scaling: { type: 'REQUEST_COUNT', requestCount: 1 },
    executionTimeoutMs: 330_000,
    loadBalancing: {
      healthCheckPath: '/ping',
      healthCheckIntervalMs: 3_000,
      hasHealthPort: false,
      waitTimeoutMs: 120_000,
      requestTimeoutMs: 330_000,
      payloadLimitBytes: 30 * 1024 * 1024,
    },
  });
  expect(endpoint?.loadBalancing).not.toHaveProperty('host');
});

test('an endpoint is one with a queue unless it says otherwise', () => {
  const [endpoint] = configOf('endpoints: { a: { type: QUEUE, worker: detect } }').endpoints;
  expect(endpoint).not.toHaveProperty('loadBalancing');
  expect(endpoint?.executionTimeoutMs).toBe(600_000);
});

test('its settings are its own', () => {
  const file = fileOf(
    'host: API.Example.com',
    'healthCheckPath: /healthz',
    'separateHealthPort: true',
    'scaling: { type: REQUEST_COUNT, requestCount: 8 }',
    'requestTimeout: 1h',
    'payloadLimit: 1g',
  );
  expect(configOf(file).endpoints[0]).toMatchObject({
    scaling: { type: 'REQUEST_COUNT', requestCount: 8 },
    loadBalancing: {
      host: 'api.example.com',
      healthCheckPath: '/healthz',
      hasHealthPort: true,
      requestTimeoutMs: 3_600_000,
      payloadLimitBytes: 1024 ** 3,
    },
  });
});

test.each([
  ['type: LOADBALANCER', 'endpoints.web.type', '`QUEUE` or `LOAD_BALANCER`'],
  [
    'scaling: { type: QUEUE_DELAY }',
    'endpoints.web.scaling.type',
    'write `{ type: REQUEST_COUNT, requestCount: 1 }`',
  ],
  ['executionTimeout: 60s', 'endpoints.web.executionTimeout', 'write it as `requestTimeout`'],
  ['ttl: 60s', 'endpoints.web.ttl', 'remove it'],
  ['backends: [pool]', 'endpoints.web.backends', 'a backend that starts workers'],
  ['env: { PORT: 80 }', 'endpoints.web.env.PORT', 'listen on the port that this variable names'],
  ['env: { HEALTH_CHECK_PATH: /x }', 'endpoints.web.env.HEALTH_CHECK_PATH', 'write `healthCheckPath`'],
  ['healthCheckPath: ping', 'endpoints.web.healthCheckPath', 'write `/ping`'],
  ['host: https://api.example.com/x', 'endpoints.web.host', 'write `api.example.com`'],
  ['payloadLimit: 30', 'endpoints.web.payloadLimit', 'write `30m`'],
  ['separateHealthPort: 1', 'endpoints.web.separateHealthPort', 'write `true` or `false`'],
])('%s is a problem that says what to write', (line, path, text) => {
  const file = line.startsWith('type') ? fileOf(line).replace('    type: LOAD_BALANCER\n', '') : fileOf(line);
  const problems = problemsOf(file);
  expect(problems.map(([at]) => at)).toEqual([path]);
  expect(problems[0]?.[1]).toContain(text);
});

test('a built-in worker takes jobs and serves no HTTP', () => {
  const [problem] = problemsOf('endpoints: { web: { type: LOAD_BALANCER, worker: detect } }');
  expect(problem).toEqual([
    'endpoints.web.worker',
    expect.stringContaining('command: [python3, -u, server.py]'),
  ]);
});

test('what belongs to the one type is refused on the other', () => {
  const file = 'endpoints: { a: { worker: detect, host: a.example, waitTimeout: 1m } }';
  expect(problemsOf(file).map(([path]) => path)).toEqual(['endpoints.a.host', 'endpoints.a.waitTimeout']);
});

test('two endpoints can’t have one host name', () => {
  const file = `${fileOf('host: a.example')}\n  more: { type: LOAD_BALANCER, command: [x], host: A.example }`;
  expect(problemsOf(file)).toEqual([
    ['endpoints.more.host', expect.stringContaining('which endpoints.web has')],
  ]);
});
