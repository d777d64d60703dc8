import { expect, test } from 'vitest';
import { ENGINE_ENV } from '../engines/engine-env.ts';
import { BUILT_IN_MODELS } from '../engines/model-folders.ts';
import { isPodMode } from '../pod/pod-mode.ts';
import { parsePodSettings } from '../pod/pod-settings.ts';
import { WORKERS } from '../registry.ts';
import { environmentSchema, parseSettings } from './settings.ts';

test('an empty environment means the settings that users of the service know', () => {
  const settings = parseSettings({});
  expect(settings).toMatchObject({ variant: 'medium', threshold: 0.3, matching: 'overlap', concurrency: 1 });
  const hubCache = '/runpod-volume/huggingface-cache/hub';
  expect(settings.modelFolders).toEqual(['/runpod-volume/models', '/models', hubCache, BUILT_IN_MODELS]);
});

test('every variable of the original service is known', () => {
  const names = [
    ...[
      'DETECTOR_VARIANT',
      'DETECTOR_WEIGHTS',
      'DETECTOR_NUM_CLASSES',
      'SAM_MODEL_PATH',
      'CONFIDENCE_THRESHOLD',
    ],
  ];
  expect(WORKERS.detect?.env).toEqual(expect.arrayContaining(names));
  expect(isPodMode({ RUNPOD_SERVERLESS: 'false' })).toBe(true);
  expect(parsePodSettings({ API_HOST: '0.0.0.0', API_PORT: '8001' })).toMatchObject({
    host: '0.0.0.0',
    port: 8001,
  });
});

test('a variable that is set to nothing counts as not set', () => {
  expect(parseSettings({ DETECTOR_VARIANT: '', CONFIDENCE_THRESHOLD: ' ' })).toMatchObject({
    variant: 'medium',
    threshold: 0.3,
  });
});

test('own model folders are looked through before all others, then what was pulled', () => {
  const { modelFolders } = parseSettings({ SPILLWAY_MODELS_DIR: '/a:/b', HOME: '/home/ada' });
  const cache = '/home/ada/.cache/spillway/models';
  expect(modelFolders.slice(0, 4)).toEqual(['/a', '/b', cache, '/runpod-volume/models']);
});

test('the number format of the weights may be chosen, from those that exports have', () => {
  expect(parseSettings({ SPILLWAY_MODELS_DTYPE: 'fp16' }).dtype).toBe('fp16');
  expect(() => parseSettings({ SPILLWAY_MODELS_DTYPE: 'fp8' })).toThrow(
    /MODELS_DTYPE: expected fp32, fp16, .*"fp8"/,
  );
});

test('all wrong variables are told at once, with what was expected and what they say', () => {
  const env = { DETECTOR_VARIANT: 'huge', CONFIDENCE_THRESHOLD: '30%', DETECTOR_NUM_CLASSES: '0' };
  expect(() => parseSettings(env)).toThrow(
    'The environment of the detect worker has 3 problems: ' +
      'DETECTOR_VARIANT: expected nano, small, medium, large, got "huge"; ' +
      'DETECTOR_NUM_CLASSES: expected a whole number from 1, got "0"; ' +
      'CONFIDENCE_THRESHOLD: expected a number from 0 to 1, got "30%".',
  );
});

test('tiles too small to be worth it are refused, 0 turns them off', () => {
  expect(parseSettings({ DETECTOR_TILE_SIZE: '0' }).tileSize).toBe(0);
  expect(() => parseSettings({ DETECTOR_TILE_SIZE: '100' })).toThrow(
    /pixels from 256, or 0 for no tiles, got "100"/,
  );
});

test('the table of workers lists exactly the variables that are read', () => {
  expect(WORKERS.detect?.env).toEqual([...Object.keys(environmentSchema.shape), ...ENGINE_ENV]);
});
