import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type R2Front, startR2Front } from '../../artifacts/test/r2-front.ts';
import { startS3Server } from '../../artifacts/test/versity.ts';
import { type StorageGateway, startStorageGateway } from './storage-gateway.ts';

// `spillway storage` with a bucket: a real S3 server behind R2's own rules.

const s3 = await startS3Server('videos');
const YAML = `
publicUrl: https://gateway.example.com
cors: { origins: ["https://app.example.com"] }
artifacts: { retention: { uploads: 3d } }
`;

describe.skipIf(!s3)('with a bucket', () => {
  let front: R2Front;
  let gateway: StorageGateway;
  beforeAll(async () => {
    if (!s3) return;
    front = await startR2Front(s3);
    gateway = await startStorageGateway(YAML, {
      ...{ STORAGE_PROVIDER: 's3', AWS_ENDPOINT_URL_S3: front.url, AWS_BUCKET_NAME: s3.settings.bucket },
      ...{ AWS_ACCESS_KEY_ID: s3.settings.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.settings.secretAccessKey },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await front?.close();
    await s3?.stop();
  });
  const storage = (...args: string[]) => gateway.storage(args);

  test('setup shows what it would change, changes it, and then has nothing to do', async () => {
    const before = await storage('status');
    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(/failed\s+lifecycle\s+`spillway storage setup` would add spillway-uploads/);
    const dry = await storage('setup', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was written') });
    expect(dry.stdout.trim().split('\n')).toEqual([
      'lifecycle: would add spillway-uploads: delete uploads/ after 10 days',
      'lifecycle: would add spillway-results: delete results/ after 37 days',
      'lifecycle: would add spillway-status: delete status/ after 37 days',
      'lifecycle: would add spillway-unfinished: abort unfinished uploads of everything after 7 days',
      'cors: would add spillway: GET, HEAD, PUT from https://app.example.com, https://gateway.example.com',
    ]);
    expect(front.lifecycle).toBeUndefined();
    const written = await storage('setup', '--json');
    expect(JSON.parse(written.stdout)).toMatchObject({ bucket: 'videos', isWritten: true, unsupported: [] });
    expect(front.lifecycle).toContain('spillway-uploads');
    const again = await storage('setup');
    expect(again).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('is as it should be'),
    });
  });

  test('status finds everything fine then, a line each', async () => {
    const run = await storage('status');
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s{2,}/).slice(0, 2)),
    ).toEqual(
      ['bucket', 'clock', 'lifecycle', 'cors', 'write, read, delete', 'gateway', 'upload, download'].map(
        (name) => ['ok', name],
      ),
    );
    expect(run.code).toBe(0);
  });

  test('status says what is wrong with credentials, and what the gateway keeps elsewhere', async () => {
    const wrong = await gateway.storage(['status'], { env: { AWS_SECRET_ACCESS_KEY: 'wrong' } });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/failed\s+bucket\s+the bucket videos refuses these credentials/);
    const elsewhere = await gateway.storage(['status'], { env: { STORAGE_PROVIDER: 'disk' } });
    expect(elsewhere.stdout).toMatch(
      /failed\s+gateway\s+it keeps artifacts in a bucket, the variables here name the disk/,
    );
    const missing = await gateway.storage(['setup'], { env: { AWS_BUCKET_NAME: '' } });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('needs AWS_BUCKET_NAME') });
  });

  test('put and get go by the bucket, in equal parts', async () => {
    const bytes = randomBytes(40 * 1024 * 1024 + 1);
    await writeFile(path.join(gateway.cwd, 'walk.bin'), bytes);
    const put = await storage('put', 'walk.bin');
    expect(put.code).toBe(0);
    const got = await storage('get', put.stdout.trim(), '--out', 'copy.bin');
    expect(got).toMatchObject({ code: 0, stderr: expect.stringContaining('verified by SHA-256') });
    expect((await readFile(path.join(gateway.cwd, 'copy.bin'))).equals(bytes)).toBe(true);
  });
});
