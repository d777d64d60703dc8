import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucketAdmin } from '../src/bucket-admin.ts';
import { planCors, planLifecycle } from '../src/bucket-rules.ts';
import { partCount, planParts, S3_LIMITS } from '../src/part-plan.ts';
import { createS3Calls } from '../src/s3-client.ts';
import type { S3Settings } from '../src/s3-settings.ts';
import { createS3Store } from '../src/s3-store.ts';
import {
  artifactStoreContract,
  type StoreUnderTest,
  sendAsSigned as send,
} from './artifact-store.contract.ts';
import { type R2Front, startR2Front } from './r2-front.ts';
import { startS3Server } from './versity.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const DAY_MS = 86_400_000;
const clock = { now: Date.now };
const s3 = await startS3Server('r2-bucket');

describe.skipIf(!s3)("under R2's own rules", () => {
  let front: R2Front;
  let settings: S3Settings;
  beforeAll(async () => {
    if (!s3) return;
    front = await startR2Front(s3);
    // Of region `auto`, as R2's is, the server behind knows nothing.
    settings = { ...s3.settings, provider: 'r2', endpoint: front.url };
  });
  afterAll(async () => {
    await front?.close();
    await s3?.stop();
  });
  const open = () => createS3Store(createS3Calls(settings), clock);

  /** As a client that heeds the 429 of a key that was written just now. */
  const sendPatiently: StoreUnderTest['send'] = async (request, change) => {
    for (;;) {
      const reply = await send(request, change);
      if (reply.status !== 429) return reply;
    }
  };
  // R2 takes one write of a key each second.
  const overwrites = 3;
  artifactStoreContract("the S3 store, as R2's", async () => ({
    ...{ store: open(), send: sendPatiently, overwrites },
  }));

  test('several writes of one key at once are all taken, one after the other, however often R2 says no', async () => {
    const store = open();
    const write = (text: string) =>
      store.put('status/job_1.json', [Buffer.from(text)] as never, {
        ...{ mediaType: 'application/json', sizeBytes: text.length },
      });
    const before = front.refused.length;
    await Promise.all([write('{"progress":1}'), write('{"progress":2}')]);
    await write('{"progress":100}');
    expect(front.refused.slice(before)).toContain('TooManyRequests');
    expect((await store.head('status/job_1.json'))?.sizeBytes).toBe('{"progress":100}'.length);
  });

  test('all parts but the last are equal and of 5 MiB at least, so that R2 puts them together', async () => {
    const store = open();
    const whole = randomBytes(16 * MIB + 1);
    const plan = planParts(whole.length);
    const key = 'uploads/video_equal.mp4';
    const upload = {
      key,
      ...plan,
      uploadId: await store.multipart.create(key, { ...plan, mediaType: 'video/mp4' }),
    };
    for (let number = 1; number <= partCount(plan); number += 1) {
      const signed = await store.multipart.presignPart(upload, number, { expiresInMs: 60_000 });
      const body = whole.subarray((number - 1) * plan.partSizeBytes, number * plan.partSizeBytes);
      expect((await send(signed, { body })).status).toBe(200);
    }
    expect((await store.multipart.complete(upload)).sizeBytes).toBe(whole.length);
  });

  test('one that is too large for a single PUT is refused here, with what to do', async () => {
    const sizeBytes = 5 * GIB - 5 * MIB + 1;
    const put = open().put('uploads/large.bin', [] as never, { mediaType: 'a/b', sizeBytes });
    await expect(put).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringContaining('upload it in parts'),
    });
  });

  test('its rules are written once, beside those of others, and found again', async () => {
    const admin = createBucketAdmin(settings);
    await admin.check();
    const needs = {
      retentionMs: { uploads: 7 * DAY_MS, results: 30 * DAY_MS, status: 30 * DAY_MS },
      origins: ['https://app.example.com'],
    };
    const foreign = {
      ID: 'backup',
      Status: 'Enabled',
      Filter: { Prefix: 'b/' },
      Expiration: { Days: 9 },
    } as const;
    await admin.writeLifecycle([foreign]);
    const before = await admin.readLifecycle();
    if (before === 'unsupported') throw new Error('expected rules');
    const lifecycle = planLifecycle(before, needs);
    expect(lifecycle.changes).toHaveLength(4);
    await admin.writeLifecycle(lifecycle.rules);
    const after = await admin.readLifecycle();
    expect(after).toHaveLength(5);
    expect(after[0]).toMatchObject(foreign);
    expect(planLifecycle(after as typeof before, needs).changes).toEqual([]);
    const cors = planCors((await admin.readCors()) as never, needs);
    expect(cors.changes).toHaveLength(1);
    await admin.writeCors(cors.rules);
    const told = await admin.readCors();
    expect(planCors(told as never, needs).changes).toEqual([]);
    // And as a browser asks it.
    const signed = await open().presignPut('uploads/from-page.txt', {
      ...{ mediaType: 'text/plain', sizeBytes: 3, expiresInMs: 60_000, onlyNew: true },
    });
    const preflight = await fetch(signed.url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': Object.keys(signed.headers).join(','),
      },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    await admin.writeCors([]);
    expect(await admin.readCors()).toEqual([]);
  });

  test('what is wrong with a bucket is said in words', async () => {
    const reason = (changes: Partial<S3Settings>) =>
      createBucketAdmin({ ...settings, ...changes })
        .check()
        .then(
          () => 'fine',
          (error: Error) => error.message,
        );
    expect(await reason({})).toBe('fine');
    expect(await reason({ bucket: 'nope' })).toMatch(
      /there is no bucket nope; make it, or correct R2_BUCKET_NAME/,
    );
    expect(await reason({ secretAccessKey: 'wrong' })).toMatch(
      /refuses these credentials.*R2_SECRET_ACCESS_KEY/,
    );
    expect(await reason({ endpoint: 'http://127.0.0.1:1' })).toMatch(
      /127.0.0.1:1 does not answer.*ECONNREFUSED/,
    );
    const ahead = await createBucketAdmin(settings).clockAheadMs();
    expect(Math.abs(ahead ?? Number.NaN)).toBeLessThan(60_000);
  });
});

test('no plan breaks a rule of S3 or R2, up to the largest artifact', () => {
  for (const sizeBytes of [32 * MIB, 5 * GIB, 100 * GIB, Math.floor(4.995 * 1024 * GIB)]) {
    const plan = planParts(sizeBytes);
    expect(plan.partSizeBytes).toBeGreaterThanOrEqual(S3_LIMITS.smallestPartBytes);
    expect(plan.partSizeBytes).toBeLessThan(S3_LIMITS.largestSinglePutBytes);
    expect(partCount(plan)).toBeLessThanOrEqual(S3_LIMITS.mostParts);
  }
});
