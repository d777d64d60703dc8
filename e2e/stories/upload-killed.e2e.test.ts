// The promise of uploads: killed twice on the client's side and once on the gateway's, a large file arrives whole, and no
// byte of a part that had arrived is sent again. Every byte of every part is counted between client and store.
import { describe, expect, it } from 'vitest';
import { startS3Server } from '../../packages/artifacts/test/versity.ts';
import { runUploadTest, type UploadReport } from '../upload/upload-test.ts';

/** Not a whole number of parts. */
const SIZE_BYTES = 200 * 1024 * 1024 + 12_345;
const CONNECTIONS = 3;

function expectKept(report: UploadReport): void {
  expect(report).toMatchObject({
    ...{ deaths: ['client', 'gateway', 'client'], isIdentical: true, sentTwice: [] },
    usefulBytes: SIZE_BYTES,
  });
  expect(report.runs).toBe(3);
  // Of each death the parts that were under way, and no more.
  expect(report.wastedTries).toBeLessThanOrEqual(report.deaths.length * CONNECTIONS);
  expect(report.wastedBytes).toBeLessThanOrEqual(report.wastedTries * report.partBytes);
}

describe('an upload whose client is killed twice and whose gateway is killed once', () => {
  it("arrives whole on the gateway's disk, and nothing is sent twice but what was under way", async () => {
    expectKept(await runUploadTest({ sizeBytes: SIZE_BYTES }));
  });

  it('arrives whole in a bucket, past the gateway', async ({ skip }) => {
    const s3 = await startS3Server('uploads');
    if (!s3) return skip('no S3 server');
    try {
      expectKept(await runUploadTest({ sizeBytes: SIZE_BYTES, s3 }));
    } finally {
      await s3.stop();
    }
  });
});
