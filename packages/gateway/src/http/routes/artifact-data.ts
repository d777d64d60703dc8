import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  ArtifactError,
  type ArtifactInfo,
  changed,
  contentDisposition,
  type DiskStore,
  existsAlready,
  notFound,
  parseRange,
  readUnchanged,
} from '@spillway/artifacts';
import { GatewayError } from '../../errors.ts';
import { bodyOf } from '../end-after-body.ts';
import { artifactDocs } from '../openapi/artifact-docs.ts';
import type { Call, Route } from '../route.ts';

/**
 * The bytes of artifacts on this gateway's disk, for whoever holds a signed URL. They go from socket to disk and back as
 * they come, never through memory as a whole; buckets serve their own.
 */
export const artifactDataRoutes: readonly Route[] = [
  {
    ...{ methods: ['PUT'], path: '/v1/artifacts/data/*', doc: artifactDocs.write },
    ...{ scopes: 'open', isStreamed: true, handle: write },
  },
  { methods: ['GET'], path: '/v1/artifacts/data/*', doc: artifactDocs.read, scopes: 'open', handle: read },
];

function diskOf({ parts }: Call): DiskStore {
  const { store } = parts.artifacts;
  if (store.kind === 'disk') return store as DiskStore;
  throw new GatewayError('URL_INVALID', 'this gateway keeps artifacts in a bucket; ask for a fresh URL');
}

async function write(call: Call): Promise<undefined> {
  const disk = diskOf(call);
  const { request } = call.reply;
  const key = call.params['*'] ?? '';
  try {
    const terms = disk.verify({ method: 'PUT', key, query: call.query });
    checkLength(request.headers['content-length'], terms.size);
    if (terms.upload !== undefined) {
      const part = await disk.multipart.putPart(key, terms.upload, terms.part ?? 0, bodyOf(request));
      call.reply.header('etag', part.etag);
    } else {
      const {
        once = false,
        type: mediaType = request.headers['content-type'] ?? 'application/octet-stream',
      } = terms;
      const sizeBytes = terms.size ?? announcedSize(request.headers['content-length'], terms.most ?? 0);
      if (once && (await disk.head(key))) throw existsAlready(key);
      const info = await disk.put(key, bodyOf(request), { mediaType, sizeBytes, onlyNew: once });
      call.reply.header('etag', info.etag);
    }
  } catch (error) {
    throw reasonOf(error, request.errored ?? undefined);
  }
  call.reply.code(200).send('');
  return undefined;
}

/** Why bytes could not be written, in a sentence. */
function reasonOf(error: unknown, ofRequest: Error | undefined): unknown {
  if (error !== ofRequest) return error;
  return new GatewayError('INPUT_INVALID', 'the body broke off; nothing was kept, send it again', {
    cause: error,
  });
}

/** Before a byte is read; without the header it is counted as it comes. */
function checkLength(header: string | undefined, sizeBytes: number | undefined): void {
  if (header === undefined || sizeBytes === undefined || Number(header) === sizeBytes) return;
  throw new GatewayError(
    'ARTIFACT_MISMATCH',
    `this URL takes exactly ${sizeBytes} bytes, the request has ${header}`,
  );
}

/** Of a URL that takes what comes: how much does, which has to be said before. */
function announcedSize(header: string | undefined, mostBytes: number): number {
  if (header === undefined)
    throw new GatewayError('INPUT_INVALID', 'content-length: expected the size of what is sent');
  const sizeBytes = Number(header);
  if (sizeBytes <= mostBytes) return sizeBytes;
  throw new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `this URL takes at most ${mostBytes} bytes, the request has ${header}`,
  );
}

async function read(call: Call): Promise<undefined> {
  const disk = diskOf(call);
  const key = call.params['*'] ?? '';
  const { type, name } = disk.verify({ method: 'GET', key, query: call.query });
  await readUnchanged(key, () => readOnce(call, { disk, key, type, name }));
  return undefined;
}

interface Wanted {
  readonly disk: DiskStore;
  readonly key: string;
  /** As the URL's signer wants it served. */
  readonly type: string | undefined;
  readonly name: string | undefined;
}

/** True once it is answered; undefined where another took its place before its bytes were opened. */
async function readOnce(call: Call, { disk, key, type, name }: Wanted): Promise<true | undefined> {
  const { reply } = call;
  const { headers, method } = reply.request;
  const info = await disk.head(key);
  if (!info) throw notFound(key);
  const { 'if-match': wanted } = headers;
  if (wanted !== undefined && !matches(wanted, info.etag)) throw changed(key);
  reply.headers({
    ...{
      etag: info.etag,
      'accept-ranges': 'bytes',
      'last-modified': new Date(info.modifiedAt).toUTCString(),
    },
    ...{
      'content-type': type ?? info.mediaType,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private',
    },
    ...(name === undefined ? {} : { 'content-disposition': contentDisposition(name) }),
  });
  if (matches(headers['if-none-match'], info.etag)) {
    reply.code(304).send();
    return true;
  }
  const range = rangeOf(call, info);
  const length = range ? range.end - range.start : info.sizeBytes;
  reply.header('content-length', String(length));
  if (range)
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${info.sizeBytes}`);
  if (method === 'HEAD' || length === 0) {
    reply.hijack().raw.writeHead(reply.statusCode, reply.getHeaders()).end();
    return true;
  }
  const opened = await openSame(disk, info, range);
  if (opened) await sendBytes(call, opened);
  return opened && true;
}

/** Undefined where what is there now is another. */
async function openSame(disk: DiskStore, info: ArtifactInfo, range: ReturnType<typeof rangeOf>) {
  try {
    const { info: found, stream } = await disk.get(info.key, range);
    if (found.etag === info.etag) return stream;
    stream.destroy();
    return undefined;
  } catch (error) {
    // A range that fitted the one before.
    if (error instanceof ArtifactError && error.code === 'RANGE_NOT_SATISFIABLE') return undefined;
    throw error;
  }
}

async function sendBytes(call: Call, stream: Readable): Promise<void> {
  const { raw } = call.reply.hijack();
  raw.writeHead(call.reply.statusCode, call.reply.getHeaders());
  // A reader that leaves ends the stream, too, and is no error of ours.
  await pipeline(stream, raw).catch((error: unknown) => {
    if (!raw.destroyed) throw error;
  });
}

function rangeOf({ reply }: Call, info: ArtifactInfo) {
  const { range, 'if-range': ifRange } = reply.request.headers;
  if (ifRange !== undefined && ifRange !== info.etag) return undefined;
  try {
    return parseRange(range, info.sizeBytes);
  } catch (error) {
    reply.header('content-range', `bytes */${info.sizeBytes}`);
    throw error;
  }
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
