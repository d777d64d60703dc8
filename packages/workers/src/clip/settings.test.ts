import { expect, test } from 'vitest';
import { ENGINE_ENV } from '../engines/engine-env.ts';
import { WORKERS } from '../registry.ts';
import { clipEnvironmentSchema, parseClipSettings } from './settings.ts';

test('the defaults are those of the table, and empty variables are unset ones', () => {
  expect(parseClipSettings({ EMBEDDING_HMAC_SECRET: 's', CLIP_MODEL: ' ' })).toMatchObject({
    model: undefined,
    concurrency: 16,
    isOpen: false,
    windowSeconds: 120,
    download: { timeoutMs: 30_000, maxBytes: 10_000_000 },
    allowPrivateUrls: [],
  });
});

test('every wrong variable is named at once, and no secret is shown', () => {
  const env = { EMBEDDING_HMAC_SECRET: 'hush', CLIP_CONCURRENCY: '0', EMBEDDING_AUTH: 'maybe' };
  expect(() => parseClipSettings(env)).toThrow(
    'The environment of the clip worker has 2 problems: CLIP_CONCURRENCY: expected a whole number from 1 to 256, got "0"; EMBEDDING_AUTH: expected required or off, got "maybe".',
  );
});

test('without a secret it must be said that none is wanted', () => {
  expect(() => parseClipSettings({})).toThrow(/^EMBEDDING_HMAC_SECRET is not set/);
  expect(parseClipSettings({ EMBEDDING_AUTH: 'off' }).isOpen).toBe(true);
});

test('places that are opened may be parted by spaces or commas', () => {
  const env = { EMBEDDING_AUTH: 'off', SPILLWAY_ALLOW_PRIVATE_URLS: 'minio:9000, 10.1.0.0/16 nas' };
  expect(parseClipSettings(env).allowPrivateUrls).toEqual(['minio:9000', '10.1.0.0/16', 'nas']);
});

test('the table of workers lists exactly the variables that are read', () => {
  expect(WORKERS.clip?.env).toEqual([...Object.keys(clipEnvironmentSchema.shape), ...ENGINE_ENV]);
});
