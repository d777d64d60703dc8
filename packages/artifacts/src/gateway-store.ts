import { Readable } from 'node:stream';
import { nativePath } from '@spillway/protocol';
import type { WorkerFile, WorkerFileCall, WorkerFileReply } from '@spillway/protocol/v1';
import { fetchSoundly } from '@spillway/sdk/net';
import { ArtifactError } from './artifact-error.ts';
import { checkKey } from './artifact-key.ts';
import type {
  ArtifactBytes,
  ArtifactInfo,
  ArtifactStore,
  ByteRange,
  Description,
  MultipartUploads,
  SignedRequest,
  Terms,
  UploadRef,
} from './artifact-store.ts';
import { exactBytes } from './exact-bytes.ts';
import { type CallGateway, createGatewayCaller, type GatewayLink } from './gateway-call.ts';
import { notFound } from './not-found.ts';
import { partSize } from './part-plan.ts';
import { readUnchanged } from './read-unchanged.ts';

/**
 * Artifacts by way of the gateway that the worker is connected to, which keeps them where it keeps its own. The worker
 * needs no secret but its key, and sees the files of its endpoint, and what callers uploaded for the jobs that it runs.
 */
export function createGatewayStore(link: GatewayLink, ask: typeof fetch = fetchSoundly): ArtifactStore {
  const call = createGatewayCaller(link, ask);
  const files = nativePath.workerFiles(link.endpoint, link.workerId);
  const fileOf = (key: string) => `${files}/${checkKey(key)}`;
  const post = createPoster(call, files);

  async function head(key: string): Promise<ArtifactInfo | undefined> {
    try {
      return (await (await call({ method: 'GET', path: fileOf(key) })).json()) as WorkerFile;
    } catch (error) {
      if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
      throw error;
    }
  }
  async function sign(asked: WorkerFileCall): Promise<SignedRequest & { readonly publicUrl?: string }> {
    const { request, publicUrl } = await post(asked);
    if (!request) throw new ArtifactError('STORAGE_UNAVAILABLE', 'the gateway signed nothing');
    return { ...request, ...(publicUrl === undefined ? {} : { publicUrl }) };
  }
  /** For others: under the address by which they reach the gateway. */
  async function signForOthers(asked: WorkerFileCall): Promise<SignedRequest> {
    const { publicUrl = link.origin, ...request } = await sign(asked);
    return { ...request, url: absolute(publicUrl, request.url) };
  }

  /** Undefined where another took its place meanwhile. */
  async function read(key: string, range: ByteRange | undefined): Promise<ArtifactBytes | undefined> {
    const info = await head(key);
    if (!info) throw notFound(key);
    const { start, end } = range ?? { start: 0, end: info.sizeBytes };
    if (range && start >= info.sizeBytes)
      throw new ArtifactError('RANGE_NOT_SATISFIABLE', `${key} has ${info.sizeBytes} bytes`);
    const within = { start, end: Math.min(end, info.sizeBytes) };
    if (within.start === within.end) return { info, range: within, stream: Readable.from([]) };
    const terms = { expiresInMs: 600_000, mediaType: info.mediaType, name: 'artifact' };
    const { url } = await sign({ do: 'sign-get', key, ...terms });
    const reply = await ask(absolute(link.origin, url), {
      headers: { range: `bytes=${within.start}-${within.end - 1}`, 'if-match': info.etag },
    }).catch((cause: unknown) => {
      throw new ArtifactError('STORAGE_UNAVAILABLE', `${key} could not be read: no answer`, { cause });
    });
    if (reply.ok && reply.body) return { info, range: within, stream: Readable.fromWeb(reply.body) };
    await reply.body?.cancel();
    if (reply.status === 412) return undefined;
    if (reply.status === 404) throw notFound(key);
    // It is there: a bucket that is overloaded or away must not be taken for one that lost it.
    throw new ArtifactError('STORAGE_UNAVAILABLE', `${key} could not be read: answered ${reply.status}`);
  }

  return {
    kind: 'gateway',
    head,
    put: async (key, body, description) => write(call, fileOf(key), body, description),
    get: (key, range) => readUnchanged(key, () => read(key, range)),
    async delete(key) {
      await call({ method: 'DELETE', path: fileOf(key) });
    },
    async *list(prefix) {
      const reply = await call({ method: 'GET', path: `${files}?prefix=${encodeURIComponent(prefix)}` });
      yield* ((await reply.json()) as { files: WorkerFile[] }).files;
    },
    presignPut: async (key, terms) => signForOthers({ do: 'sign-put', key: checkKey(key), ...terms }),
    presignGet: async (key, terms) => signForOthers({ do: 'sign-get', key: checkKey(key), ...terms }),
    multipart: createUploads(post, signForOthers),
  };
}

type Post = (asked: WorkerFileCall) => Promise<WorkerFileReply>;

function createPoster(call: CallGateway, path: string): Post {
  return async (body) => (await (await call({ method: 'POST', path, body })).json()) as WorkerFileReply;
}

const absolute = (origin: string, url: string) => (url.startsWith('/') ? origin + url : url);

async function write(
  call: CallGateway,
  path: string,
  body: AsyncIterable<Uint8Array>,
  description: Description & Terms,
): Promise<ArtifactInfo> {
  const { mediaType, sizeBytes, onlyNew = false, ifEtag } = description;
  let reason: unknown;
  async function* noted() {
    try {
      yield* exactBytes(body, sizeBytes);
    } catch (error) {
      reason = error;
      throw error;
    }
  }
  const headers = {
    ...{ 'content-type': mediaType, 'content-length': String(sizeBytes) },
    ...(ifEtag === undefined ? {} : { 'if-match': ifEtag }),
    ...(onlyNew ? { 'if-none-match': '*' } : {}),
  };
  const reply = await call({ method: 'PUT', path, headers, body: noted() }).catch((error: unknown) => {
    throw reason ?? error;
  });
  return (await reply.json()) as WorkerFile;
}

function createUploads(
  post: Post,
  sign: (asked: WorkerFileCall) => Promise<SignedRequest>,
): MultipartUploads {
  const checked = <T extends { readonly key: string }>(upload: T): T => {
    checkKey(upload.key);
    return upload;
  };
  return {
    async create(key, { mediaType, sizeBytes, partSizeBytes }) {
      const { uploadId } = await post({
        ...{ do: 'create-upload', key: checkKey(key), mediaType, sizeBytes, partSizeBytes },
      });
      if (uploadId === undefined) throw new ArtifactError('STORAGE_UNAVAILABLE', 'no upload was begun');
      return uploadId;
    },
    async presignPart(upload, partNumber, { expiresInMs }) {
      partSize(upload, partNumber);
      return sign({ do: 'sign-part', ...refOf(checked(upload)), partNumber, expiresInMs });
    },
    listParts: async (upload) => (await post({ do: 'list-parts', ...refOf(checked(upload)) })).parts ?? [],
    async complete(upload) {
      const { file } = await post({ do: 'complete', ...refOf(checked(upload)) });
      if (!file) throw notFound(upload.key);
      return file;
    },
    async abort(upload) {
      await post({ do: 'abort', ...refOf(checked(upload)) });
    },
  };
}

const refOf = ({ key, uploadId, sizeBytes, partSizeBytes }: UploadRef) => ({
  ...{ key, uploadId, sizeBytes, partSizeBytes },
});
