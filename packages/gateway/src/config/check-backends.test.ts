import { expect, test } from 'vitest';
import { parseConfig } from './parse-config.ts';
import { createTestConfig } from './test-config.ts';

const { context, endpointOf, fileOf, problemsOf } = createTestConfig({ CARDS: '2' });

test('an image runs in containers without being told to, with nothing else set', () => {
  expect(endpointOf('image: acme/whisper:2')).toMatchObject({
    backends: ['container'],
    command: [],
    container: { image: 'acme/whisper:2', volumes: [] },
  });
});

test('all settings of an image are understood: paths from the file, sizes in bytes', () => {
  const settings = [
    'image: registry.example.com:5000/acme/whisper@sha256:0a1b',
    'args: [python3, -u, handler.py]',
    'gpus: 2',
    'volumes: ["./models:/runpod-volume", "/data:/data:ro", "cache:/root/.cache", "..:/up:rw,z", ".:/here"]',
    'memory: 8g',
    'shmSize: 512m',
    'backends: [container, pool]',
  ];
  expect(endpointOf(...settings)).toMatchObject({
    backends: ['container', 'pool'],
    container: {
      image: 'registry.example.com:5000/acme/whisper@sha256:0a1b',
      args: ['python3', '-u', 'handler.py'],
      gpus: 2,
      volumes: [
        { source: '/site/models', target: '/runpod-volume' },
        { source: '/data', target: '/data', options: 'ro' },
        { source: 'cache', target: '/root/.cache' },
        { source: '/', target: '/up', options: 'rw,z' },
        { source: '/site', target: '/here' },
      ],
      memoryBytes: 8 * 2 ** 30,
      shmSizeBytes: 2 ** 29,
    },
  });
});

test.each([
  ['all', 'all'],
  ['none', 0],
  ['3', 3],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the file's own syntax
  ['"${CARDS}"', 2],
])('gpus: %s is understood as %s', (written, gpus) => {
  expect(endpointOf('image: a', `gpus: ${written}`)?.container?.gpus).toBe(gpus);
});

test.each([
  ['none', 'none'],
  ['{ memory: 6g }', { memoryBytes: 6 * 2 ** 30, count: 1 }],
  ['{ memory: 512m, count: 2 }', { memoryBytes: 2 ** 29, count: 2 }],
])('gpu: %s is understood as %j', (written, gpu) => {
  expect(endpointOf('command: [x]', `gpu: ${written}`)?.gpu).toEqual(gpu);
});

test('a built-in worker says what it makes of cards, with the variables of its endpoint', () => {
  const cardUse = (env: Readonly<Record<string, string>>) => (env.CPU ? 'none' : 'wanted');
  const builtInWorkers = { detect: { command: ['x'], cardUse } } as const;
  const lines = fileOf('worker: detect', 'env: { CPU: "1" }');
  const result = parseConfig(lines, { ...context, builtInWorkers });
  expect(result.ok && result.config.endpoints[0]?.cardUse).toBe('none');
  expect(endpointOf('worker: detect')).not.toHaveProperty('cardUse');
});

test('an upload may be as large as the built-in worker takes with its variables, or less where the file says so', () => {
  const uploadLimit = ({ MOST = '5' }: Readonly<Record<string, string>>) => ({
    ...{ bytes: Number(MOST) * 1024, variable: 'MOST' },
  });
  const builtInWorkers = { video: { command: ['x'], uploadLimit } } as const;
  const limitOf = (...lines: string[]) => {
    const result = parseConfig(fileOf(...lines), { ...context, builtInWorkers });
    return result.ok && result.config.endpoints[0]?.uploadLimit;
  };
  expect(limitOf('worker: video')).toEqual({ bytes: 5 * 1024, setting: 'env.MOST' });
  expect(limitOf('worker: video', 'env: { MOST: 2 }')).toEqual({ bytes: 2 * 1024, setting: 'env.MOST' });
  expect(limitOf('worker: video', 'maxUpload: 1k')).toEqual({ bytes: 1024, setting: 'maxUpload' });
  // The worker would refuse it.
  expect(limitOf('worker: video', 'maxUpload: 9k')).toEqual({ bytes: 5 * 1024, setting: 'env.MOST' });
  expect(limitOf('command: [x]', 'maxUpload: 9k')).toEqual({ bytes: 9 * 1024, setting: 'maxUpload' });
  expect(limitOf('command: [x]')).toBeUndefined();
});

test('a video may be as long as the built-in worker takes with its variables', () => {
  const durationLimit = ({ MOST_MS = '5000' }: Readonly<Record<string, string>>) => ({
    ...{ ms: Number(MOST_MS), variable: 'MOST_MS' },
  });
  const builtInWorkers = { video: { command: ['x'], durationLimit } } as const;
  const limitOf = (...lines: string[]) => {
    const result = parseConfig(fileOf(...lines), { ...context, builtInWorkers });
    return result.ok && result.config.endpoints[0]?.durationLimit;
  };
  expect(limitOf('worker: video')).toEqual({ ms: 5_000, setting: 'env.MOST_MS' });
  expect(limitOf('worker: video', 'env: { MOST_MS: 20 }')).toEqual({ ms: 20, setting: 'env.MOST_MS' });
  expect(limitOf('command: [x]')).toBeUndefined();
});

test('an endpoint whose workers connect by themselves needs no program', () => {
  expect(endpointOf('backends: [pool]')).toMatchObject({ backends: ['pool'], command: [] });
  expect(endpointOf('worker: detect', 'backends: [process, pool]')?.backends).toEqual(['process', 'pool']);
});

test.each([
  [['ttl: 1h'], 'endpoints.mine', 'backends: [pool]'],
  [['image: a', 'command: [x]'], 'endpoints.mine', 'keep one'],
  [['image: a', 'worker: detect'], 'endpoints.mine', 'keep one'],
  [['image: a', 'backends: [process]'], 'endpoints.mine.backends', 'write `[container]`'],
  [['command: [x]', 'backends: [pool, container]'], 'endpoints.mine.backends', 'write `[pool, process]`'],
  [['command: [x]', 'backends: [kubernetes]'], 'endpoints.mine.backends[0]', '[container]'],
  [['backends: [pool]', 'workers: { min: 1 }'], 'endpoints.mine.workers.min', 'remove it'],
  [['command: [x]', 'type: LOAD_BALANCER', 'backends: [process, pool]'], 'endpoints.mine.backends', '`pool`'],
  [['command: [x]', 'gpus: all'], 'endpoints.mine.gpus', 'whole machine'],
  [['command: [x]', 'args: [y]'], 'endpoints.mine.args', '`command`'],
  [['image: --privileged'], 'endpoints.mine.image', 'docker pull'],
  [['image: "a b"'], 'endpoints.mine.image', 'docker pull'],
  [['image: a', 'args: python3 -u handler.py'], 'endpoints.mine.args', '[python3, -u, handler.py]'],
  [['image: a', 'args: [1]'], 'endpoints.mine.args[0]', 'quotes'],
  [['command: [x]', 'gpu: 6g'], 'endpoints.mine.gpu', 'write `{ memory: 6g }`'],
  [['command: [x]', 'gpu: 8'], 'endpoints.mine.gpu', 'write `{ memory: 8g }`'],
  [['command: [x]', 'gpu: 0'], 'endpoints.mine.gpu', 'write `none`'],
  [['command: [x]', 'gpu: all'], 'endpoints.mine.gpu', 'count: 2'],
  [['command: [x]', 'gpu: { memory: much }'], 'endpoints.mine.gpu', 'write `{ memory: 6g }`'],
  [['command: [x]', 'gpu: { memory: 6g, count: 0 }'], 'endpoints.mine.gpu.count', '1'],
  [['command: [x]', 'gpu: { memory: 6g, cards: 2 }'], 'endpoints.mine.gpu.cards', ''],
  [['image: a', 'gpus: 1', 'gpu: { memory: 6g }'], 'endpoints.mine.gpus', 'keep `gpu'],
  [['image: a', 'gpus: 0'], 'endpoints.mine.gpus', 'write `none`'],
  [['image: a', 'gpus: some'], 'endpoints.mine.gpus', '`all`'],
  [['image: a', 'volumes: [./models]'], 'endpoints.mine.volumes[0]', './models:/runpod-volume'],
  [['image: a', 'volumes: ["~/models:/x"]'], 'endpoints.mine.volumes[0]', './models:/runpod-volume'],
  [['image: a', 'volumes: ["./a:/x", "./b:/x"]'], 'endpoints.mine.volumes', '/runpod-volume'],
  [['image: a', 'volumes: ./a:/x'], 'endpoints.mine.volumes', '["./models:/runpod-volume"]'],
  [['image: a', 'memory: 8'], 'endpoints.mine.memory', '`8g`'],
  [['image: a', 'shmSize: 0g'], 'endpoints.mine.shmSize', '`2g`'],
])('%j is one problem, with its path and its fix', (lines, path, fix) => {
  const problems = problemsOf(...lines);
  expect(problems.map((problem) => problem.path)).toEqual([path]);
  expect(problems[0]?.message).toMatch(/^expected /);
  expect(problems[0]?.fix).toContain(fix);
});

test('a second address for workers is understood like the first', () => {
  const result = parseConfig('workerListen: 0.0.0.0:8081', context);
  expect(result.ok && result.config.workerListen).toEqual({ host: '0.0.0.0', port: 8081 });
  expect(parseConfig('workerListen: 8081', context)).toMatchObject({
    problems: [{ path: 'workerListen', fix: 'write `127.0.0.1:8081`' }],
  });
});
