// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { expect, test } from 'vitest';
import type { GatewayConfig } from './gateway-config.ts';
import { defaultConfig, parseConfig } from './parse-config.ts';
import { formatProblems } from './problem.ts';

const builtInWorkers = { detect: { command: ['node', 'detect.ts'] }, clip: { command: ['node', 'clip.ts'] } };

function parse(text: string, env: Record<string, string> = {}) {
  return parseConfig(text, { path: '/site/spillway.yaml', env, builtInWorkers });
}

function configOf(text: string, env: Record<string, string> = {}): GatewayConfig {
  const result = parse(text, env);
  if (!result.ok) throw new Error(formatProblems('spillway.yaml', result.problems));
  return result.config;
}

function problemsOf(text: string, env: Record<string, string> = {}) {
  const result = parse(text, env);
  return result.ok ? [] : result.problems;
}

/** The problems of one endpoint that is right but for the given lines. */
function endpointProblems(...lines: string[]) {
  return problemsOf(['endpoints:', '  mine:', ...lines.map((line) => `    ${line}`)].join('\n'));
}

test('an empty file takes every default', () => {
  expect(configOf('')).toEqual({
    file: '/site/spillway.yaml',
    allowPrivateUrls: [],
    listen: { host: '127.0.0.1', port: 8080 },
    dataDir: '/site/.spillway',
    lease: { durationMs: 40_000, heartbeatMs: 10_000 },
    retention: { resultsMs: 1_800_000, usageMs: 400 * 86_400_000 },
    prices: { local: 0, pool: 0, runpod: {} },
    budgets: [],
    artifacts: expect.objectContaining({ quota: {} }),
    cors: { origins: [] },
    rateLimits: expect.objectContaining({ run: 1_000, purge: 2 }),
    endpoints: [],
  });
});

test("an endpoint gets RunPod's defaults and absolute paths", () => {
  const [endpoint] = configOf(
    'endpoints: { mine: { command: [python3, -u, handler.py], cwd: ./mine } }',
  ).endpoints;
  expect(endpoint).toEqual({
    name: 'mine',
    command: ['python3', '-u', 'handler.py'],
    cwd: '/site/mine',
    env: {},
    workers: { min: 0, max: 3, idleTimeoutMs: 5_000 },
    scaling: { type: 'QUEUE_DELAY', queueDelayMs: 4_000 },
    executionTimeoutMs: 600_000,
    ttlMs: 86_400_000,
    initTimeoutMs: 420_000,
    backends: ['process'],
    retries: { workerLost: 1, handlerError: 0 },
    cancelGraceMs: 5_000,
  });
});

test('a built-in worker brings its own command', () => {
  const [endpoint] = configOf('endpoints: { photos: { worker: detect } }').endpoints;
  expect(endpoint).toMatchObject({ name: 'photos', worker: 'detect', command: ['node', 'detect.ts'] });
});

test('scaling by requests needs no more than its type', () => {
  const [endpoint] = configOf(
    'endpoints: { a: { worker: clip, scaling: { type: REQUEST_COUNT } } }',
  ).endpoints;
  expect(endpoint?.scaling).toEqual({ type: 'REQUEST_COUNT', requestCount: 1 });
});

test('without a file every built-in worker is an endpoint', () => {
  const config = defaultConfig('/home/me', builtInWorkers);
  expect(config.file).toBeUndefined();
  expect(config.dataDir).toBe('/home/me/.spillway');
  expect(config.endpoints.map(({ name, worker }) => [name, worker])).toEqual([
    ['detect', 'detect'],
    ['clip', 'clip'],
  ]);
});

test('the configuration can not be changed, however deep', () => {
  const config = configOf('endpoints: { a: { worker: clip } }');
  expect(Object.isFrozen(config.endpoints[0]?.workers)).toBe(true);
  expect(Object.isFrozen(config.listen)).toBe(true);
});

test.each([
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  [':9000', { host: '127.0.0.1', port: 9000 }],
  ['"[::1]:8080"', { host: '::1', port: 8080 }],
  ['gpu-box:80', { host: 'gpu-box', port: 80 }],
])('listen: %s is understood', (text, listen) => {
  expect(configOf(`listen: ${text}`).listen).toEqual(listen);
});

test.each([['8080'], ['localhost'], ['127.0.0.1:70000'], ['::1:80']])('listen: %s is refused', (text) => {
  expect(problemsOf(`listen: ${text}`).map(({ path }) => path)).toEqual(['listen']);
});

test('the public address loses the slash at its end', () => {
  expect(configOf('publicUrl: https://gpu.example.com/').publicUrl).toBe('https://gpu.example.com');
  expect(problemsOf('publicUrl: ftp://gpu.example.com')).toMatchObject([{ path: 'publicUrl' }]);
});

test('env values reach the worker as they are spelled', () => {
  const text = 'endpoints: { a: { worker: clip, env: { V: 1.10, N: 007, B: True, S: "x" } } }';
  expect(configOf(text).endpoints[0]?.env).toEqual({ V: '1.10', N: '007', B: 'True', S: 'x' });
});

test('${NAME} is filled in from the environment, and $${ stands for itself', () => {
  const text = [
    'data: ${ROOT}/jobs',
    'endpoints:',
    '  a:',
    '    worker: clip',
    '    workers:',
    '      max: ${MAX}',
    '    env: { URL: "http://${HOST}:${PORT}", RAW: "$${HOME}", COST: $5 }',
  ].join('\n');
  const config = configOf(text, { ROOT: '/data', MAX: '7', HOST: 'h', PORT: '1', HOME: '/secret' });
  expect(config.dataDir).toBe('/data/jobs');
  expect(config.endpoints[0]?.workers.max).toBe(7);
  expect(config.endpoints[0]?.env).toEqual({ URL: 'http://h:1', RAW: '${HOME}', COST: '$5' });
});

test('a variable that is not set is one problem, with its line', () => {
  const problems = problemsOf('data: x\nlisten: "${LISTEN_ON}"');
  expect(problems).toMatchObject([{ path: 'listen', line: 2 }]);
  expect(problems[0]?.message).toContain('LISTEN_ON');
  expect(problems[0]?.fix).toContain('export LISTEN_ON=');
});

test('what is no variable name is told how to write a literal ${', () => {
  const problems = endpointProblems('command: [sh, -c, "echo ${A:-b}"]');
  expect(problems).toMatchObject([{ path: 'endpoints.mine.command[2]', line: 3 }]);
  expect(problems[0]?.fix).toContain('$${');
});

test('anchors and merge keys share settings between endpoints', () => {
  const text = 'endpoints:\n  a: &base\n    worker: clip\n    ttl: 1h\n  b:\n    <<: *base\n    ttl: 2h\n';
  const config = configOf(text);
  expect(config.endpoints.map(({ name, worker, ttlMs }) => [name, worker, ttlMs])).toEqual([
    ['a', 'clip', 3_600_000],
    ['b', 'clip', 7_200_000],
  ]);
});

test('all problems of a file are told at once, in the order of its lines', () => {
  const text = `listen: 8080
lease: { duration: 10s, heartbeat: 5s }
endpoints:
  Detect:
    worker: detct
    workers: { min: 5, max: 2, idleTimeout: 5 }
    executionTimeout: 1s
  mine:
    command: python3 -u handler.py
    worker: detect
    env: { RUNPOD_AI_API_KEY: x }
    retires: { workerLost: 1 }
`;
  const problems = problemsOf(text);
  expect(problems.map(({ path, line }) => [path, line])).toEqual([
    ['listen', 1],
    ['lease.duration', 2],
    ['endpoints.Detect', 4],
    ['endpoints.Detect.worker', 5],
    ['endpoints.Detect.workers.idleTimeout', 6],
    ['endpoints.Detect.workers.min', 6],
    ['endpoints.Detect.executionTimeout', 7],
    ['endpoints.mine', 8],
    ['endpoints.mine.command', 9],
    ['endpoints.mine.env.RUNPOD_AI_API_KEY', 11],
    ['endpoints.mine.retires', 12],
  ]);
  expect(problems.every(({ message, fix }) => message.startsWith('expected ') && fix.length > 0)).toBe(true);
});

test.each([
  ['workers: { idleTimeout: 5 }', 'endpoints.mine.workers.idleTimeout', 'write `5s`'],
  ['workers: { idleTimeout: 2h }', 'endpoints.mine.workers.idleTimeout', 'at most `1h`'],
  ['workers: { idletimout: 5s }', 'endpoints.mine.workers.idletimout', 'did you mean `idleTimeout`?'],
  ['workers: { max: many }', 'endpoints.mine.workers.max', 'write a number'],
  ['workers: { max: 1.5 }', 'endpoints.mine.workers.max', 'write a number'],
  ['workers: { min: -1 }', 'endpoints.mine.workers.min', 'at least 0'],
  ['workers: [1, 2]', 'endpoints.mine.workers', '`key: value`'],
  ['idleTimeout: 5s', 'endpoints.mine.idleTimeout', '`workers.idleTimeout`'],
  ['workersMax: 2', 'endpoints.mine.workersMax', '`workers.max`'],
  ['executionTimeout: 4s', 'endpoints.mine.executionTimeout', 'at least `5s`'],
  ['executionTimeout: 8d', 'endpoints.mine.executionTimeout', 'at most `7d`'],
  ['ttl: 9s', 'endpoints.mine.ttl', 'at least `10s`'],
  ['scaling: { type: REQUESTS }', 'endpoints.mine.scaling.type', 'REQUEST_COUNT'],
  ['scaling: { queueDelay: 4s }', 'endpoints.mine.scaling.type', 'add it'],
  ['scaling: { type: QUEUE_DELAY, queueDelay: 0.4s }', 'endpoints.mine.scaling.queueDelay', '`500ms`'],
  ['scaling: { type: QUEUE_DELAY, requestCount: 1 }', 'endpoints.mine.scaling.requestCount', 'the `type`'],
  ['scaling: { type: REQUEST_COUNT, requestCount: 0 }', 'endpoints.mine.scaling.requestCount', 'at least 1'],
  ['backends: [docker]', 'endpoints.mine.backends[0]', '[process]'],
  ['backends: [process, process]', 'endpoints.mine.backends', '[process]'],
  ['env: { 1X: a }', 'endpoints.mine.env.1X', 'rename'],
  ['env: { HOME: /root }', 'endpoints.mine.env.HOME', 'HF_HOME'],
  ['env: { RUNPOD_WEBHOOK_PING: x }', 'endpoints.mine.env.RUNPOD_WEBHOOK_PING', 'gateway sets it'],
  ['env: { A: [1] }', 'endpoints.mine.env.A', 'write the value'],
  ['retries: { workerLost: 11 }', 'endpoints.mine.retries.workerLost', 'at most 10'],
])('%s is one problem, with its path and its fix', (line, path, fix) => {
  const problems = endpointProblems('command: [x]', line);
  expect(problems.map((problem) => problem.path)).toEqual([path]);
  expect(problems[0]?.fix).toContain(fix);
});

test('a command written as one text is told as a list', () => {
  const [problem] = endpointProblems('command: python3 -u handler.py');
  expect(problem?.fix).toBe('write `[python3, -u, handler.py]`');
});

test('an endpoint with neither worker nor command, and one with both, are refused', () => {
  expect(endpointProblems('ttl: 1h')).toMatchObject([{ path: 'endpoints.mine' }]);
  expect(endpointProblems('worker: clip', 'command: [x]')).toMatchObject([{ path: 'endpoints.mine' }]);
});

test.each([
  ['a: [1, 2\nb: 3', 2, 'brackets'],
  ['listen: a:1\n\tdata: x', 2, ''],
  ['endpoints:\n  a: { worker: clip, env: { K: ${K} } }', 2, 'put it in quotes'],
  ['listen: a:1\nlisten: b:1', 2, 'keep one of the two'],
  ['data: "x', 1, 'quotes'],
])('YAML that can not be read (%j) is told with its line', (text, line, fix) => {
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ path: '', line });
  expect(problems[0]?.fix).toContain(fix);
});

test('a key that stands twice does not hide the other problems', () => {
  const problems = problemsOf('data: a\ndata: b\nlisten: 1');
  expect(problems.map(({ line }) => line)).toEqual([2, 3]);
});

test.each([['[1, 2]'], ['just text'], ['5']])('a file that holds %s instead of keys is refused', (text) => {
  expect(problemsOf(text)).toHaveLength(1);
});

test('an alias without its anchor is a problem, not a crash', () => {
  expect(problemsOf('data: *nowhere')).toHaveLength(1);
});

test('problems print one under the other, each with its fix', () => {
  const text = formatProblems('spillway.yaml', problemsOf('listen: 1\ndatas: x'));
  expect(text.split('\n')).toEqual([
    'spillway.yaml has 2 problems:',
    expect.stringMatching(/^ {2}line 1: listen: expected .* found 1$/),
    '    fix: write `127.0.0.1:1`',
    expect.stringMatching(/^ {2}line 2: datas: .*unknown key `datas`$/),
    '    fix: did you mean `data`?',
  ]);
});
