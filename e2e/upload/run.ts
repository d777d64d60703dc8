// npm run test:upload [-- --gigabytes 2] [--store disk|s3|both]
import { parseArgs } from 'node:util';
import { ensureCached } from '../../packages/artifacts/test/cached-program.ts';
import { startS3Server, VERSITY_GATEWAY } from '../../packages/artifacts/test/versity.ts';
import { isKept, uploadLines } from './report.ts';
import { runUploadTest } from './upload-test.ts';

const { values } = parseArgs({
  options: { gigabytes: { type: 'string', default: '2' }, store: { type: 'string', default: 'both' } },
});
const sizeBytes = Math.round(Number(values.gigabytes) * 1e9);
if (!(sizeBytes >= 64e6) || !['disk', 's3', 'both'].includes(values.store)) {
  console.error('--gigabytes: expected a number from 0.064 on; --store: expected disk, s3 or both');
  process.exit(2);
}
const onLine = (line: string) => console.log(`  ${line}`);

async function show(title: string, run: () => ReturnType<typeof runUploadTest>): Promise<void> {
  console.log(title);
  const report = await run();
  for (const line of uploadLines(report)) onLine(line);
  if (!isKept(report)) process.exitCode = 1;
}

if (values.store !== 's3') await show("on the gateway's disk", () => runUploadTest({ sizeBytes, onLine }));
if (values.store !== 'disk') {
  await ensureCached(VERSITY_GATEWAY);
  const s3 = await startS3Server('uploads');
  if (!s3) process.exitCode = values.store === 's3' ? 1 : (process.exitCode ?? 0);
  else {
    await show('in a bucket', () => runUploadTest({ sizeBytes, s3, onLine }));
    await s3.stop();
  }
}
