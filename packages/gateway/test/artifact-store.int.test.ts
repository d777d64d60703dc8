import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { createDiskStore } from '../src/artifacts/disk-store.ts';
import { createS3Calls } from '../src/artifacts/s3-client.ts';
import type { S3Settings } from '../src/artifacts/s3-settings.ts';
import { createS3Store } from '../src/artifacts/s3-store.ts';
import { createTestDirectory } from '../src/endpoints/test-directory.ts';
import { createApp } from '../src/http/app.ts';
import type { RouteParts } from '../src/http/route.ts';
import { newTestParts } from '../src/http/test-parts.ts';
import { createRandomIds } from '../src/lib/ids.ts';
import { artifactStoreContract, type StoreUnderTest } from './artifact-store.contract.ts';
import { startS3Server } from './versity.ts';

const clock = { now: Date.now };
const send: StoreUnderTest['send'] = (request, { method, headers, body } = {}) =>
  fetch(request.url, {
    method: method ?? request.method,
    headers: { ...request.headers, ...headers },
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
  });

const s3 = await startS3Server('artifacts');
afterAll(() => s3?.stop());

describe.skipIf(!s3)('with an S3 server', () => {
  const settings = s3?.settings ?? (undefined as never);
  artifactStoreContract('the S3 driver', async () => ({
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

const cleanUps: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

artifactStoreContract("the disk's driver, behind the gateway's HTTP face", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-disk-'));
  const manual = createManualClock();
  const store = createDiskStore({ folder, secret: 'of the tests', clock: manual, ids: createRandomIds() });
  const parts = {
    ...newTestParts(),
    ...{ clock: manual, endpoints: createTestDirectory(), artifacts: { store } },
  } as unknown as RouteParts;
  const authenticate = () => {
    throw new Error('a signed URL needs no key');
  };
  const app = createApp({ parts, authenticate, log: pino({ level: 'silent' }) });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  cleanUps.push(
    () => app.close(),
    () => rm(folder, { recursive: true }),
  );
  return {
    store,
    send: (request, change = {}) => send({ ...request, url: url + request.url }, change),
    expireUrls: async () => void (await manual.advance(3_600_000)),
  };
});
