import { expect, test } from 'vitest';
import { readStorageSettings } from './s3-settings.ts';

const R2 = {
  STORAGE_PROVIDER: 'r2',
  R2_ACCOUNT_ID: 'acc0unt',
  R2_ACCESS_KEY_ID: 'id',
  R2_SECRET_ACCESS_KEY: 'secret',
  R2_BUCKET_NAME: 'videos',
};
const S3 = {
  STORAGE_PROVIDER: 's3',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_BUCKET_NAME: 'videos',
};

test('without a provider, artifacts are on disk', () => {
  expect(readStorageSettings({})).toBeUndefined();
  expect(readStorageSettings({ STORAGE_PROVIDER: 'disk', ...{ R2_BUCKET_NAME: 'x' } })).toBeUndefined();
});

test("R2's variables lead to the account's address, whose region is auto", () => {
  expect(readStorageSettings(R2)).toMatchObject({
    ...{ provider: 'r2', bucket: 'videos', region: 'auto' },
    endpoint: 'https://acc0unt.r2.cloudflarestorage.com',
  });
  const eu = readStorageSettings({
    ...R2,
    R2_ACCOUNT_ID: '',
    R2_ENDPOINT_URL: 'https://a.eu.r2.cloudflarestorage.com/',
  });
  expect(eu?.endpoint).toBe('https://a.eu.r2.cloudflarestorage.com');
});

test("Amazon's variables need no address, others' servers have one", () => {
  expect(readStorageSettings(S3)).not.toHaveProperty('endpoint');
  expect(readStorageSettings({ ...S3, AWS_REGION: 'eu-central-1' })?.region).toBe('eu-central-1');
  expect(readStorageSettings({ ...S3, AWS_ENDPOINT_URL: 'http://minio:9000' })?.endpoint).toBe(
    'http://minio:9000',
  );
});

test('all that is missing is told at once', () => {
  expect(() => readStorageSettings({ STORAGE_PROVIDER: 'r2', R2_BUCKET_NAME: 'x' })).toThrow(
    'STORAGE_PROVIDER=r2 needs R2_ACCOUNT_ID, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY; set them',
  );
  expect(() => readStorageSettings({ ...S3, AWS_BUCKET_NAME: ' ' })).toThrow(/needs AWS_BUCKET_NAME; set it/);
  expect(() => readStorageSettings({ STORAGE_PROVIDER: 'gcs' })).toThrow(
    'expected disk, r2 or s3, got "gcs"',
  );
  expect(() => readStorageSettings({ ...S3, AWS_ENDPOINT_URL: 'minio:9000' })).toThrow(
    /^AWS_ENDPOINT_URL: expected an address such as/,
  );
  expect(() => readStorageSettings({ ...S3, AWS_ENDPOINT_URL_S3: 'minio:9000' })).toThrow(
    /^AWS_ENDPOINT_URL_S3: expected an address such as/,
  );
});
