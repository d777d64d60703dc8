import { GetObjectCommand, ListObjectsV2Command, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { parseCard } from '@spillway/workers/models';
import { CliError } from '../../cli-error.ts';
import type { Listing, Remote, RemoteFile } from './remote.ts';
import { describeFailure, PassingError, type RemoteCalls } from './remote-calls.ts';
import { assertSafePaths } from './safe-paths.ts';
import type { S3Settings } from './settings.ts';

/**
 * A folder of an S3 bucket, or of any store that speaks S3: Cloudflare R2, MinIO, RunPod's network volumes. AWS's SDK lists
 * it and signs; the bytes come by the same way as from everywhere else, so they resume alike.
 */
export interface S3Options {
  readonly bucket: string;
  readonly prefix: string;
  readonly settings: S3Settings;
}

const LINK_SECONDS = 3600;
const MAX_CARD_BYTES = 4_000_000;
const MOST_FILES = 10_000;

export function createS3Remote(
  { bucket, prefix, settings }: S3Options,
  callsOf: (origin: string) => RemoteCalls,
): Remote {
  const client = createClient(settings);
  const place = `s3://${bucket}/${prefix}`;
  const sign = (file: string) => {
    const command = new GetObjectCommand({ Bucket: bucket, Key: `${prefix}/${file}` });
    return getSignedUrl(client, command, { expiresIn: LINK_SECONDS });
  };
  return {
    label: settings.endpoint === undefined ? 'S3' : new URL(settings.endpoint).host,
    async list(_revision, signal) {
      const files = await listFolder(client, bucket, prefix, signal).catch(explain(place, settings, signal));
      if (files.length === 0) throw new CliError('NOT_FOUND', `There is nothing below ${place}/.`);
      assertSafePaths(files, place);
      if (!files.some(({ path: file }) => file === 'model.json')) return { files };
      const url = await sign('model.json');
      const text = await callsOf(url).readText(url, { signal, maxBytes: MAX_CARD_BYTES });
      return withCard(text, place, files);
    },
    async open({ path: file }, { headers, signal }) {
      const url = await sign(file);
      return callsOf(url).open(url, { headers, signal });
    },
  };
}

function createClient({
  endpoint,
  region,
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: S3Settings): S3Client {
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new CliError(
      'UNAUTHORIZED',
      'Pulling from s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL for a store that is not AWS), or R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY.',
    );
  }
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    // Other stores know nothing of AWS's checksums; ours are compared anyway.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

async function listFolder(
  client: S3Client,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
): Promise<RemoteFile[]> {
  const files: RemoteFile[] = [];
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: `${prefix}/`,
      ContinuationToken: token,
    });
    const page = await client.send(command, { abortSignal: signal });
    for (const { Key: key = '', Size: bytes, ETag: etag } of page.Contents ?? []) {
      // "Folders" made by consoles are empty objects.
      if (key.endsWith('/')) continue;
      files.push({ path: key.slice(prefix.length + 1), bytes, etag });
    }
    if (files.length > MOST_FILES)
      throw new CliError(
        'TOO_LARGE',
        `s3://${bucket}/${prefix} holds more than ${MOST_FILES} files: name the folder of one model.`,
      );
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return files;
}

/** Hashes of the card are what the files must be; files that it does not list are left. */
function withCard(text: string, place: string, listed: readonly RemoteFile[]): Listing {
  const card = parseCard(text, `${place}/model.json`);
  const files = Object.entries(card.files).map(([path, hash]) => ({
    ...listed.find((file) => file.path === path),
    ...{ path, ...hash },
  }));
  assertSafePaths(files, place);
  return { files, card, licence: card.licence };
}

function explain(place: string, settings: S3Settings, signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    if (signal.aborted || error instanceof CliError) throw error;
    if (!(error instanceof S3ServiceException)) {
      const failure = describeFailure(
        error,
        settings.endpoint ?? `https://s3.${settings.region}.amazonaws.com`,
      );
      throw failure instanceof PassingError ? new CliError(failure.code, failure.message) : failure;
    }
    const sentence =
      SENTENCES[error.name]?.(place) ?? `${place} can't be listed: ${error.name}: ${error.message}.`;
    const isDenied = error.$metadata.httpStatusCode === 403 || error.$metadata.httpStatusCode === 401;
    throw new CliError(
      isDenied ? 'UNAUTHORIZED' : error.name === 'NoSuchBucket' ? 'NOT_FOUND' : 'UNAVAILABLE',
      sentence,
    );
  };
}

const SENTENCES: Readonly<Record<string, (place: string) => string>> = {
  NoSuchBucket: (place) => `There is no bucket of ${place}.`,
  AccessDenied: (place) => `The key in AWS_ACCESS_KEY_ID may not list ${place}.`,
  InvalidAccessKeyId: () => 'The store does not know the key in AWS_ACCESS_KEY_ID.',
  SignatureDoesNotMatch: () =>
    'The store refuses the signature: AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID, or the region (AWS_REGION) is another.',
  RequestTimeTooSkewed: () => "The store refuses the request's time: this machine's clock is wrong.",
};
