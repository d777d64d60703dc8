import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { buildWorkerEnvironment, inheritedEnvironment, type WorkerIdentity } from './worker-environment.ts';

function environment(changes: Partial<WorkerIdentity> = {}) {
  return buildWorkerEnvironment({
    workerId: 'z3jr9rv2k3tt2y',
    endpoint: newTestEndpoint(),
    key: 'secret',
    origin: 'http://127.0.0.1:8080',
    heartbeatMs: 10_000,
    hostname: 'box',
    hardware: { cpuCount: 8, gpuCount: 0, gpuName: 'cpu' },
    ...changes,
  });
}

test('a worker is told where its jobs are and who it is', () => {
  expect(environment()).toMatchObject({
    RUNPOD_WEBHOOK_GET_JOB: 'http://127.0.0.1:8080/v2/mine/job-take/$ID?gpu=cpu',
    RUNPOD_WEBHOOK_PING: 'http://127.0.0.1:8080/v2/mine/ping/$RUNPOD_POD_ID?gpu=cpu',
    RUNPOD_AI_API_KEY: 'secret',
    RUNPOD_POD_ID: 'z3jr9rv2k3tt2y',
    RUNPOD_POD_HOSTNAME: 'box',
    RUNPOD_ENDPOINT_ID: 'mine',
    RUNPOD_PING_INTERVAL: '10000',
    RUNPOD_CPU_COUNT: '8',
  });
});

test('a worker that serves HTTP itself is told its ports, and nothing of jobs', () => {
  const loadBalancing = {
    healthCheckPath: '/healthz',
    healthCheckIntervalMs: 3_000,
    hasHealthPort: true,
    waitTimeoutMs: 120_000,
    requestTimeoutMs: 330_000,
    payloadLimitBytes: 1,
  };
  const endpoint = newTestEndpoint({ loadBalancing, env: { PORT: '80', HOST: '0.0.0.0' } });
  const env = environment({ endpoint, address: { port: 20_001, healthPort: 20_002 } });
  expect(env).toMatchObject({
    ...{ PORT: '20001', PORT_HEALTH: '20002', HEALTH_CHECK_PATH: '/healthz', HOST: '0.0.0.0' },
    ...{ RUNPOD_POD_ID: 'z3jr9rv2k3tt2y', RUNPOD_ENDPOINT_ID: 'mine', RUNPOD_POD_HOSTNAME: 'box' },
    // Unless the endpoint says otherwise, as it does of HOST here, no port is open to the network.
    API_HOST: '127.0.0.1',
  });
  expect(JSON.stringify(env)).not.toMatch(/WEBHOOK|secret/);
});

test('the start-up checks that want the open internet or a GPU are off', () => {
  expect(environment()).toMatchObject({
    RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: 'true',
    RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS: 'true',
    RUNPOD_SKIP_GPU_CHECK: 'true',
    RUNPOD_GPU_COUNT: '0',
  });
});

test('a worker that was put on certain cards sees these, whatever its endpoint says', () => {
  const endpoint = newTestEndpoint({ env: { CUDA_VISIBLE_DEVICES: '0' } });
  expect(environment({ endpoint, devices: 'GPU-2,GPU-3' })).toMatchObject({
    CUDA_VISIBLE_DEVICES: 'GPU-2,GPU-3',
  });
  expect(environment({ endpoint })).toMatchObject({ CUDA_VISIBLE_DEVICES: '0' });
});

test('large buffers go back to the system, unless the endpoint wants it otherwise', () => {
  const own = { MALLOC_MMAP_THRESHOLD_: '4000000' };
  expect(environment().MALLOC_MMAP_THRESHOLD_).toBe('1000000');
  expect(environment({ endpoint: newTestEndpoint({ env: own }) })).toMatchObject(own);
});

test('with a GPU its check runs and its name is told', () => {
  const env = environment({ hardware: { cpuCount: 8, gpuCount: 2, gpuName: 'NVIDIA H200' } });
  expect(env).toMatchObject({ RUNPOD_GPU_COUNT: '2', RUNPOD_GPU_NAME: 'NVIDIA+H200' });
  expect(env.RUNPOD_SKIP_GPU_CHECK).toBeUndefined();
  expect(env.RUNPOD_WEBHOOK_GET_JOB).toContain('?gpu=NVIDIA');
});

test('the endpoint may change settings, but not who the worker is', () => {
  const env = { RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: 'false', RUNPOD_POD_ID: 'me', MODEL: 'x' };
  expect(environment({ endpoint: newTestEndpoint({ env }) })).toMatchObject({
    RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: 'false',
    RUNPOD_POD_ID: 'z3jr9rv2k3tt2y',
    MODEL: 'x',
  });
});

test('workers that are kept before a job comes are warm before they take one, unless the endpoint says otherwise', () => {
  expect(environment().ONNX_WARM_UP).toBeUndefined();
  const workers = { min: 1, max: 3, idleTimeoutMs: 5_000 };
  expect(environment({ endpoint: newTestEndpoint({ workers }) }).ONNX_WARM_UP).toBe('ready');
  const endpoint = newTestEndpoint({ workers, env: { ONNX_WARM_UP: 'off' } });
  expect(environment({ endpoint }).ONNX_WARM_UP).toBe('off');
});

test('workers look for models where the machine keeps them, in spite of a home and a folder of their own', () => {
  expect(inheritedEnvironment({ HOME: '/home/ada' })).toEqual({
    SPILLWAY_MODELS_CACHE: '/home/ada/.cache/spillway/models',
  });
  const host = {
    SPILLWAY_MODELS_DIR: '/data/models::weights',
    SPILLWAY_MODELS_CACHE: '/big',
    HF_HUB_CACHE: '',
  };
  expect(inheritedEnvironment(host)).toEqual({
    SPILLWAY_MODELS_DIR: `/data/models:${process.cwd()}/weights`,
    SPILLWAY_MODELS_CACHE: '/big',
  });
});

test('the gateway is reached past any proxy', () => {
  expect(environment().NO_PROXY).toBe('127.0.0.1');
  const endpoint = newTestEndpoint({ env: { HTTPS_PROXY: 'http://proxy', no_proxy: 'lan' } });
  expect(environment({ endpoint, origin: 'http://[::1]:8080' })).toMatchObject({
    NO_PROXY: 'lan,::1',
    no_proxy: 'lan,::1',
  });
});

test('of the machine only what is on the allow-list is inherited', () => {
  const host = {
    PATH: '/bin',
    LC_ALL: 'C.UTF-8',
    CUDA_VISIBLE_DEVICES: '1',
    SPILLWAY_ADMIN_KEY: 'secret',
    HF_TOKEN: 'secret',
    RUNPOD_API_KEY: 'secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    NODE_OPTIONS: '--inspect',
    TZ: undefined,
  };
  expect(inheritedEnvironment(host)).toEqual({ PATH: '/bin', LC_ALL: 'C.UTF-8', CUDA_VISIBLE_DEVICES: '1' });
});
