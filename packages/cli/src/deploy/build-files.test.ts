import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { buildFiles } from './build-files.ts';

const EMPTY = {
  ...{ hasModels: false, hasRequirements: false, hasPackageJson: false, hasLockFile: false },
  ...{ hasIgnoreFile: false, ofGateway: ['.spillway', 'spillway.yaml'] },
};
const DEPLOY = {
  workers: { min: 0, max: 3, idleTimeoutMs: 5000 },
  ...{ flashboot: true, volumes: [], env: {}, secrets: {} },
} as const;

test('a built-in worker stands on the image of all workers, with the models that lie beside the file', () => {
  const built = buildFiles(
    { name: 'clip', worker: 'clip', command: ['node'], deploy: { ...DEPLOY, image: 'acme/clip:1' } },
    { ...EMPTY, hasModels: true },
  );
  expect(built?.dockerfile).toContain('COPY --chown=1000:1000 models /models\nENV WORKER=clip\n');
  expect(validate(built?.dockerfile ?? '')).toEqual([]);
  expect(built?.commands).toEqual([
    'docker build --platform linux/amd64 -f docker/cuda/Dockerfile -t spillway-worker:cuda .   # once, in a checkout of Spillway',
    'docker build --platform linux/amd64 -f Dockerfile.clip -t acme/clip:1 .',
    'docker push acme/clip:1',
    'spillway deploy clip --dry-run',
    'spillway deploy clip',
  ]);
});

test('workers without cards stand on the image without CUDA', () => {
  const deploy = { ...DEPLOY, cpu: [{ flavor: 'cpu5c', vcpus: 4 }] };
  const built = buildFiles({ name: 'clip', worker: 'clip', command: [], deploy }, EMPTY);
  expect(built).not.toHaveProperty('ignore');
  expect(built?.commands.slice(0, 2).join('\n')).toMatch(
    /docker\/cpu\/Dockerfile[\s\S]*WORKER_IMAGE=spillway-worker:cpu/,
  );
});

test.each([
  [['python3', '-u', 'handler.py'], { hasRequirements: true }, 'ARG BASE_IMAGE=python:', 'pip install'],
  [['node', 'handler.ts'], { hasPackageJson: true, hasLockFile: true }, 'ARG BASE_IMAGE=node:24', 'npm ci'],
  [['./run.sh'], {}, 'ARG BASE_IMAGE=debian:', 'CMD ["./run.sh"]'],
])('a command of yours: %j', (command, folder, base, step) => {
  const built = buildFiles({ name: 'mine', command }, { ...EMPTY, ...folder });
  expect(built?.dockerfile).toContain(base);
  expect(built?.dockerfile).toContain(step);
  expect(validate(built?.dockerfile ?? '')).toEqual([]);
  expect(built?.commands.join('\n')).toContain('write `deploy: { image: REGISTRY/mine:1 }`');
});

test('keys, jobs and settings of this machine stay out of an image that copies its folder', () => {
  const built = buildFiles({ name: 'mine', command: ['./run.sh'] }, EMPTY);
  expect(built?.ignore?.split('\n')).toEqual(
    expect.arrayContaining(['.spillway', 'spillway.yaml', '.env', '.git', 'node_modules', 'Dockerfile.*']),
  );
  const own = buildFiles({ name: 'mine', command: ['./run.sh'] }, { ...EMPTY, hasIgnoreFile: true });
  expect(own).not.toHaveProperty('ignore');
});

test('an endpoint that has an image needs none', () => {
  const container = { image: 'acme/x', volumes: [] };
  expect(buildFiles({ name: 'x', command: [], container }, EMPTY)).toBeUndefined();
});
