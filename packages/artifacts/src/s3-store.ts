import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import type { Clock } from '@spillway/sdk/clock';
import { ArtifactError } from './artifact-error.ts';
import { checkKey } from './artifact-key.ts';
import type { ArtifactBytes, ArtifactInfo, ArtifactStore, ByteRange } from './artifact-store.ts';
import { clipRange } from './byte-range.ts';
import { contentDisposition } from './content-disposition.ts';
import { exactBytes } from './exact-bytes.ts';
import { changed, existsAlready, notFound } from './not-found.ts';
import { S3_LIMITS } from './part-plan.ts';
import { readUnchanged } from './read-unchanged.ts';
import type { S3Calls } from './s3-client.ts';
import { createSigner, type Sign } from './s3-signer.ts';
import { createS3Uploads } from './s3-uploads.ts';

/** Artifacts in a bucket of R2, Amazon or anything else that speaks S3. Its URLs lead there, past this gateway. */
export function createS3Store(calls: S3Calls, clock: Pick<Clock, 'now'>): ArtifactStore {
  const { client, bucket, ask } = calls;
  const at = (key: string) => ({ Bucket: bucket, Key: checkKey(key) });
  const sign = createSigner(calls, clock);

  async function head(key: string): Promise<ArtifactInfo | undefined> {
    const found = await ask(client.send(new HeadObjectCommand(at(key))));
    return found && infoOf(key, { ...found, Size: found.ContentLength });
  }
  async function existing(key: string): Promise<ArtifactInfo> {
    const info = await head(key);
    if (!info) throw notFound(key);
    return info;
  }

  /** In one call, so that its size is that of its bytes. */
  async function readWhole(key: string): Promise<ArtifactBytes> {
    const found = await ask(client.send(new GetObjectCommand(at(key))));
    if (!(found?.Body instanceof Readable)) throw notFound(key);
    const info = infoOf(key, { ...found, Size: found.ContentLength });
    return { info, range: { start: 0, end: info.sizeBytes }, stream: found.Body };
  }
  /** Undefined where another took its place meanwhile. */
  async function readRange(key: string, wanted: ByteRange): Promise<ArtifactBytes | undefined> {
    const info = await existing(key);
    const range = clipRange(wanted, info.sizeBytes);
    if (range.start === range.end) return { info, range, stream: Readable.from([]) };
    const Range = `bytes=${range.start}-${range.end - 1}`;
    let isOther = false;
    const asked = client.send(new GetObjectCommand({ ...at(key), Range, IfMatch: info.etag }));
    const answer = await ask(
      asked.catch((error: unknown) => {
        if (!isThereAlready(error)) throw error;
        isOther = true;
        return undefined;
      }),
    );
    if (isOther) return undefined;
    if (!(answer?.Body instanceof Readable)) throw notFound(key);
    return { info, range, stream: answer.Body };
  }

  return {
    kind: 's3',
    head,
    multipart: createS3Uploads(calls, { sign, existing }),
    async put(key, body, { mediaType, sizeBytes, onlyNew = false, ifEtag }) {
      if (sizeBytes > S3_LIMITS.largestSinglePutBytes) {
        throw new ArtifactError('PAYLOAD_TOO_LARGE', `${key}: over 5 GB; upload it in parts`);
      }
      const said = {
        ...{ ...at(key), ContentType: mediaType, ContentLength: sizeBytes, ...once(onlyNew) },
        ...(ifEtag === undefined ? {} : { IfMatch: ifEtag }),
      };
      const etag = await sendBody(calls, said, exactBytes(body, sizeBytes));
      // Not that of what took its place since: who writes on a condition goes on from what it wrote.
      return { key, mediaType, sizeBytes, etag, modifiedAt: clock.now() };
    },
    get: (key, range) => (range ? readUnchanged(key, () => readRange(key, range)) : readWhole(key)),
    async delete(key) {
      await ask(client.send(new DeleteObjectCommand(at(key))));
    },
    async *list(prefix) {
      let ContinuationToken: string | undefined;
      do {
        const page = await ask(
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              ...(ContinuationToken ? { ContinuationToken } : {}),
            }),
          ),
        );
        for (const one of page?.Contents ?? []) if (one.Key !== undefined) yield infoOf(one.Key, one);
        ContinuationToken = page?.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },
    ...createSigning(at, sign),
  };
}

function createSigning(
  at: (key: string) => { readonly Bucket: string; readonly Key: string },
  sign: Sign,
): Pick<ArtifactStore, 'presignPut' | 'presignGet'> {
  return {
    async presignPut(key, terms) {
      const { expiresInMs } = terms;
      if ('mostBytes' in terms)
        return sign(new PutObjectCommand(at(key)), { method: 'PUT', headers: {} }, expiresInMs);
      const { mediaType, sizeBytes, onlyNew = false } = terms;
      const said = { ...at(key), ContentType: mediaType, ContentLength: sizeBytes, ...once(onlyNew) };
      const headers = { 'content-type': mediaType, ...(onlyNew ? { 'if-none-match': '*' } : {}) };
      return sign(new PutObjectCommand(said), { method: 'PUT', headers }, expiresInMs);
    },
    presignGet: async (key, { mediaType, name, expiresInMs }) =>
      sign(
        new GetObjectCommand({
          ...at(key),
          ResponseContentType: mediaType,
          ResponseContentDisposition: contentDisposition(name),
        }),
        { method: 'GET', headers: {} },
        expiresInMs,
      ),
  };
}

function isThereAlready(error: unknown): boolean {
  return error instanceof Error && /^(PreconditionFailed|ConditionalRequestConflict)$/.test(error.name);
}

const once = (onlyNew: boolean) => (onlyNew ? { IfNoneMatch: '*' } : {});

const KEPT_WHOLE_BYTES = 1024 * 1024;

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The SDK would wait for ever for the rest of a body that fails. */
async function sendBody(
  { client, ask }: S3Calls,
  said: Omit<PutObjectCommandInput, 'Body'>,
  body: AsyncIterable<Uint8Array>,
): Promise<string> {
  const failing = new AbortController();
  // What is small is sent again where the bucket asks for patience; a stream can't be.
  const Body =
    (said.ContentLength ?? 0) <= KEPT_WHOLE_BYTES
      ? await bytesOf(body)
      : Readable.from(body).once('error', (error) => failing.abort(error));
  const { signal } = failing;
  const sent = client.send(new PutObjectCommand({ ...said, Body }), { abortSignal: signal });
  const refused = sent.catch((error: unknown) => {
    if (signal.aborted) throw signal.reason;
    if (!isThereAlready(error)) throw error;
    throw said.IfMatch === undefined ? existsAlready(said.Key ?? '') : changed(said.Key ?? '');
  });
  const done = await ask(refused);
  // A condition on what is not there at all.
  if (!done) throw changed(said.Key ?? '');
  return done.ETag ?? '""';
}

interface S3Object {
  readonly Size?: number | undefined;
  readonly ContentType?: string | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/** Lists say nothing of media types. */
function infoOf(key: string, { Size, ContentType, ETag, LastModified }: S3Object): ArtifactInfo {
  return {
    key,
    sizeBytes: Size ?? 0,
    mediaType: ContentType ?? 'application/octet-stream',
    etag: ETag ?? '""',
    modifiedAt: LastModified?.getTime() ?? 0,
  };
}
