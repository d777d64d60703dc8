import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { ArtifactError } from './artifact-error.ts';
import type { S3Settings } from './s3-settings.ts';

/** Calls to a bucket, and what its "no" means here. */
export interface S3Calls {
  readonly client: S3Client;
  readonly bucket: string;
  /** Throws STORAGE_UNAVAILABLE for whatever is not answered otherwise; `undefined` where nothing is there. */
  ask<T>(call: Promise<T>): Promise<T | undefined>;
}

const CONNECT_MS = 10_000;
const SILENCE_MS = 60_000;
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
/** R2 takes one write a second of each key, and says 429 to others: with back-off the last tries come seconds later. */
const MOST_TRIES = 6;
const MISSING = new Set(['NotFound', 'NoSuchKey', 'NoSuchUpload']);

export function createS3Calls(settings: S3Settings): S3Calls {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey, sessionToken } = settings;
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    maxAttempts: MOST_TRIES,
    // The SDK's own checksums would go into presigned URLs, where a browser can't compute them, and R2 refuses some.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // What goes wrong is thrown; a refused condition is nothing to print.
    logger: SILENT,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
  return {
    client,
    bucket,
    async ask(call) {
      try {
        return await call;
      } catch (error) {
        if (error instanceof ArtifactError) throw error;
        if (error instanceof Error && MISSING.has(error.name)) return undefined;
        throw unavailable(bucket, error);
      }
    },
  };
}

function unavailable(bucket: string, error: unknown): ArtifactError {
  const said = error instanceof Error ? error : new Error(String(error));
  const name = 'Code' in said && typeof said.Code === 'string' ? said.Code : said.name;
  // Without an answer there is a cause that Node names, such as ECONNREFUSED.
  const reason =
    said instanceof S3ServiceException ? said.message : 'code' in said ? String(said.code) : said.message;
  return new ArtifactError(
    'STORAGE_UNAVAILABLE',
    `the bucket ${bucket} could not be used (${name === 'Error' ? '' : `${name}: `}${reason}); \`spillway storage status\` looks into it`,
    { cause: error },
  );
}
