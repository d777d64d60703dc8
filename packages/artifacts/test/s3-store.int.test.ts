import { afterAll, describe, expect, test } from 'vitest';
import { createS3Calls } from '../src/s3-client.ts';
import type { S3Settings } from '../src/s3-settings.ts';
import { createS3Store } from '../src/s3-store.ts';
import { artifactStoreContract, sendAsSigned as send } from './artifact-store.contract.ts';
import { startS3Server } from './versity.ts';

const clock = { now: Date.now };
const s3 = await startS3Server('artifacts');
afterAll(() => s3?.stop());

describe.skipIf(!s3)('with an S3 server', () => {
  const settings = s3?.settings ?? (undefined as never);
  artifactStoreContract('the S3 store', async () => ({
    store: createS3Store(createS3Calls(settings), clock),
    send,
  }));

  test('wrong credentials are told as what they are', async () => {
    const store = createS3Store(createS3Calls({ ...settings, secretAccessKey: 'wrong' }), clock);
    await expect(store.get('uploads/x.mp4')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});

test('a bucket that nobody answers for is told with its name and the reason', async () => {
  const nowhere: S3Settings = {
    provider: 's3',
    ...{ bucket: 'videos', region: 'us-east-1', endpoint: 'http://127.0.0.1:1' },
    ...{ accessKeyId: 'a', secretAccessKey: 'b' },
  };
  const store = createS3Store(createS3Calls(nowhere), clock);
  await expect(store.head('uploads/x.mp4')).rejects.toThrow(/bucket videos .*ECONNREFUSED/);
});
