import type { Clock } from '@spillway/sdk/clock';
import type { ArtifactStore } from './artifact-store.ts';
import type { S3Settings } from './s3-settings.ts';

/** Amazon's SDK is loaded only here: it takes longer to load than the rest of a gateway. */
export async function openBucket(settings: S3Settings, clock: Pick<Clock, 'now'>): Promise<ArtifactStore> {
  const [{ createS3Calls }, { createS3Store }] = await Promise.all([
    import('./s3-client.ts'),
    import('./s3-store.ts'),
  ]);
  return createS3Store(createS3Calls(settings), clock);
}
