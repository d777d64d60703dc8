import { expect, test } from 'vitest';
import { ENGINE_ENV } from './engine-env.ts';
import { parseEngineSettings, shareCores } from './engine-settings.ts';

test('without variables: whatever card there is, all cores, warm when idle, models stay loaded', () => {
  expect(parseEngineSettings({}, 6)).toEqual({
    ...{ provider: 'auto', cores: 6, fastStart: 'auto', warmUp: 'idle', idleUnloadMs: undefined },
    batch: { maxSize: 8, windowMs: 5, maxWaiting: 1024 },
    recycle: { afterJobs: undefined, aboveBytes: undefined },
  });
});

test('every variable is read', () => {
  const env = {
    ...{ ONNX_PROVIDER: 'cuda', ONNX_THREADS: '3', ONNX_FAST_START: 'off', ONNX_WARM_UP: 'off' },
    ...{
      ONNX_IDLE_UNLOAD_MINUTES: '15',
      BATCH_MAX_SIZE: '16',
      BATCH_WINDOW_MS: '2.5',
      BATCH_MAX_WAITING: '64',
    },
    ...{ RECYCLE_AFTER_JOBS: '1000', RECYCLE_ABOVE_MB: '2000' },
  };
  expect(Object.keys(env)).toEqual([...ENGINE_ENV]);
  expect(parseEngineSettings(env, 6)).toEqual({
    ...{ provider: 'cuda', cores: 3, fastStart: 'off', warmUp: 'off', idleUnloadMs: 900_000 },
    batch: { maxSize: 16, windowMs: 2.5, maxWaiting: 64 },
    recycle: { afterJobs: 1000, aboveBytes: 2_000_000_000 },
  });
});

test('a pod is warm before it says that it is ready, unless it is told otherwise', () => {
  expect(parseEngineSettings({ RUNPOD_SERVERLESS: 'false' }).warmUp).toBe('ready');
  expect(parseEngineSettings({ RUNPOD_SERVERLESS: 'false', ONNX_WARM_UP: 'idle' }).warmUp).toBe('idle');
  expect(parseEngineSettings({ RUNPOD_SERVERLESS: 'true' }).warmUp).toBe('idle');
});

test('all that is wrong is told at once, each with what was expected and what it says', () => {
  const env = { ONNX_PROVIDER: 'gpu', ONNX_THREADS: '0', BATCH_WINDOW_MS: 'soon', BATCH_MAX_SIZE: ' ' };
  expect(() => parseEngineSettings(env)).toThrow(
    'The environment has 3 problems: ONNX_PROVIDER: expected auto, cpu, cuda, got "gpu"; ONNX_THREADS: expected a whole number from 1 to 256, got "0"; BATCH_WINDOW_MS: expected milliseconds from 0 to 1000, got "soon".',
  );
});

test('engines side by side share the cores, each with one at least', () => {
  expect([shareCores(8, 1), shareCores(8, 3), shareCores(2, 4)]).toEqual([8, 2, 1]);
});
