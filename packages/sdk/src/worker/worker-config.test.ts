import { expect, test } from 'vitest';
import { type Environment, parseWorkerConfig, type WorkerConfig } from './worker-config.ts';

const full: Environment = {
  RUNPOD_WEBHOOK_GET_JOB: 'http://gw:8080/v2/e/job-take/$ID?gpu=cpu',
  RUNPOD_WEBHOOK_POST_OUTPUT: 'http://gw:8080/v2/e/job-done/$RUNPOD_POD_ID/$ID?gpu=cpu',
  RUNPOD_WEBHOOK_POST_STREAM: 'http://gw:8080/v2/e/job-stream/$RUNPOD_POD_ID/$ID?gpu=cpu',
  RUNPOD_WEBHOOK_PING: 'http://gw:8080/v2/e/ping/$RUNPOD_POD_ID?gpu=cpu',
  RUNPOD_PING_INTERVAL: '4000',
  RUNPOD_AI_API_KEY: 'secret',
  RUNPOD_POD_ID: 'w1',
  RUNPOD_POD_HOSTNAME: 'box',
  RUNPOD_ENDPOINT_ID: 'e',
};

function parse(env: Environment): WorkerConfig {
  const config = parseWorkerConfig(env, () => 'random-id');
  if ('problems' in config) throw new Error(config.problems.join('\n'));
  return config;
}

test('a whole environment is read', () => {
  const config = parse(full);
  expect(config).toMatchObject({
    serverOrigin: 'http://gw:8080',
    key: 'secret',
    workerId: 'w1',
    hostname: 'box',
    endpoint: 'e',
    pingIntervalMs: 4_000,
    warnings: [],
  });
  expect(config.urls.ping).toBeTypeOf('function');
});

test('without an id of its own a worker makes one up, sends no heartbeat and says so', () => {
  const config = parse({ ...full, RUNPOD_POD_ID: '' });
  expect(config.workerId).toBe('random-id');
  expect(config.urls.ping).toBeUndefined();
  expect(config.warnings[0]).toContain('RUNPOD_POD_ID is not set');
});

test('without a key a worker sends no heartbeat and says so', () => {
  const config = parse({ ...full, RUNPOD_AI_API_KEY: undefined });
  expect(config.urls.ping).toBeUndefined();
  expect(config.warnings[0]).toContain('RUNPOD_AI_API_KEY is not set');
});

test('the address of chunks is made from the address of results where it is missing', () => {
  const config = parse({ ...full, RUNPOD_WEBHOOK_POST_STREAM: undefined });
  expect(config.urls.stream('j', { attempt: undefined, chunk: 0 })).toContain('/v2/e/job-stream/w1/j?');
});

test('all problems are found at once, each with its variable', () => {
  const result = parseWorkerConfig(
    {
      ...full,
      RUNPOD_WEBHOOK_GET_JOB: 'http://gw/x',
      RUNPOD_WEBHOOK_POST_OUTPUT: '',
      RUNPOD_PING_INTERVAL: 'soon',
    },
    () => 'id',
  );
  const problems = 'problems' in result ? result.problems : [];
  expect(problems).toHaveLength(3);
  for (const name of ['RUNPOD_WEBHOOK_GET_JOB', 'RUNPOD_WEBHOOK_POST_OUTPUT', 'RUNPOD_PING_INTERVAL']) {
    expect(problems.some((problem) => problem.startsWith(`${name}: `))).toBe(true);
  }
});
