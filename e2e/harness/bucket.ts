import type { S3Server } from '../../packages/artifacts/test/versity.ts';

/** Variables by which a gateway keeps its artifacts in a test server's bucket; `url` is a proxy before it. */
export const bucketEnv = (
  { settings }: S3Server,
  url: string = settings.endpoint ?? '',
): Record<string, string> => ({
  STORAGE_PROVIDER: 's3',
  AWS_ENDPOINT_URL_S3: url,
  AWS_BUCKET_NAME: settings.bucket,
  AWS_ACCESS_KEY_ID: settings.accessKeyId,
  AWS_SECRET_ACCESS_KEY: settings.secretAccessKey,
  AWS_REGION: settings.region,
});
