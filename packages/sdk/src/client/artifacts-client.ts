import { nativePath } from '@spillway/protocol';
import type {
  ArtifactCreate,
  ArtifactPage,
  ArtifactParts,
  ArtifactView,
  SignedPartList,
  SignedUrl,
  StorageView,
  UploadTokenCreate,
  UploadTokenCreated,
  UploadTokenView,
} from '@spillway/protocol/v1';
import { ApiError } from './api-error.ts';
import type { ClientParts } from './client-parts.ts';
import { newKey } from './new-key.ts';
import { type Bytes, putSigned } from './signed-put.ts';
import type { UploadSource } from './upload-source.ts';
import { wholeParts } from './whole-parts.ts';

export interface UploadProgress {
  readonly sizeBytes: number;
  /** Of them are there, those of earlier tries included. */
  readonly sentBytes: number;
  /** What was there already when this call began. */
  readonly resumedBytes: number;
}

export interface UploadOptions {
  readonly prefix?: ArtifactCreate['prefix'];
  /** Its workers may read it. */
  readonly endpoint?: string;
  /** Of a worker: the job that it runs, and that this belongs to. Whoever submitted it may read it. */
  readonly job?: string;
  /**
   * Names the file so that a later upload of it goes on where this one broke off, such as its name, size and time of
   * change. Made up when absent: then only this call goes on.
   */
  readonly resumeKey?: string;
  /**
   * Numbers of parts whose arrival this caller was told, of this very upload; grows while parts are sent. Kept over a
   * break, it saves reading them once more before the upload goes on.
   */
  readonly acknowledged?: Set<number>;
  /** Parts that are sent at once, each of them in memory (default 3). */
  readonly connections?: number;
  readonly signal?: AbortSignal;
  onProgress?(progress: UploadProgress): void;
}

export interface ArtifactQuery {
  readonly prefix?: 'uploads' | 'results' | 'status';
  readonly limit?: number;
  readonly cursor?: string;
}

/** Files of any size in and out, by signed URLs. Each call throws `ApiError` when the server says no. */
export interface ArtifactsClient {
  /** The newest first; `cursor` is the `nextCursor` of the page before. */
  list(query?: ArtifactQuery): Promise<ArtifactPage>;
  /** What is kept, for how long, and the quotas. */
  storage(): Promise<StorageView>;
  /** For a page that must not have a key; `expiresIn` such as `1h`. Shows the token this once. */
  createUploadToken(token: UploadTokenCreate): Promise<UploadTokenCreated>;
  revokeUploadToken(id: string): Promise<void>;
  /** In a page, whose client has such a token for its key: what it may send, and until when. */
  ownUploadToken(): Promise<UploadTokenView>;
  /** Begins an upload by hand; `upload` does all of it. */
  create(artifact: ArtifactCreate, options?: { readonly signal?: AbortSignal }): Promise<ArtifactView>;
  show(id: string): Promise<ArtifactView>;
  /** Parts that have arrived. */
  parts(id: string): Promise<ArtifactParts>;
  signParts(id: string, partNumbers: readonly number[]): Promise<SignedPartList>;
  /** `sha256`: of all bytes, as their uploader knows it. */
  complete(id: string, said?: { readonly sha256?: string }): Promise<ArtifactView>;
  /** `expiresIn`: such as `10m`, at most `7d` (default `1h`). */
  downloadUrl(id: string, options?: { readonly expiresIn?: string }): Promise<SignedUrl>;
  /** Also aborts an upload. */
  delete(id: string): Promise<void>;
  /**
   * Uploads in one go or in parts, over broken connections too, and goes on with the parts that are missing.
   *
   * @example
   * const artifact = await client.artifacts.upload({ name: file.name, sizeBytes: file.size, slice: (a, b) => file.slice(a, b) });
   */
  upload(source: UploadSource, options?: UploadOptions): Promise<ArtifactView>;
}

export interface ArtifactsClientParts extends ClientParts {
  readonly fetch: typeof fetch;
}

const DEFAULT_CONNECTIONS = 3;

export function createArtifactsClient(parts: ArtifactsClientParts): ArtifactsClient {
  const { call, patience, random } = parts;
  const get = async <T>(path: string, query = {}, signal?: AbortSignal) =>
    (await patience(() => call('GET', path, { query, signal }), signal)) as T;
  const post = async <T>(path: string, body: object, signal?: AbortSignal) =>
    (await patience(() => call('POST', path, { body, signal }), signal)) as T;

  /** Under its own name a repeated call begins no second upload. */
  const begin = (artifact: ArtifactCreate, signal?: AbortSignal): Promise<ArtifactView> =>
    post(nativePath.artifacts, { resumeKey: newKey(random), ...artifact }, signal);

  const client: Omit<ArtifactsClient, 'upload'> = {
    create: (artifact, { signal } = {}) => begin(artifact, signal),
    show: (id) => get(nativePath.artifact(id)),
    parts: (id) => get(nativePath.artifactParts(id)),
    signParts: (id, partNumbers) => post(nativePath.artifactParts(id), { partNumbers }),
    list: (query = {}) => get(nativePath.artifacts, { ...query }),
    storage: () => get(nativePath.storage),
    // Never repeated by itself: a second call would be a second token.
    createUploadToken: async (token) =>
      (await call('POST', nativePath.uploadTokens, { body: token })) as UploadTokenCreated,
    async revokeUploadToken(id) {
      await call('DELETE', nativePath.uploadToken(id));
    },
    ownUploadToken: () => get(nativePath.ownUploadToken),
    complete: (id, said = {}) => post(nativePath.artifactComplete(id), said),
    downloadUrl: (id, options = {}) => get(nativePath.artifactDownloadUrl(id), { ...options }),
    async delete(id) {
      await call('DELETE', nativePath.artifact(id));
    },
  };

  const sender = createSender(parts, (id, signal) => get(nativePath.artifactParts(id), {}, signal));

  return {
    ...client,
    async upload(source, options = {}) {
      const { name, sizeBytes, mediaType, durationMs } = source;
      const { resumeKey, prefix, endpoint, job, signal, onProgress } = options;
      const wanted = {
        ...{ name, sizeBytes },
        ...(mediaType ? { mediaType } : {}),
        ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs) }),
        ...(prefix ? { prefix } : {}),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(job === undefined ? {} : { job }),
        ...(resumeKey === undefined ? {} : { resumeKey }),
      };
      const artifact = await begin(wanted, signal);
      if (artifact.multipart) await sender.sendParts(artifact.id, source, options);
      else {
        onProgress?.({ sizeBytes, sentBytes: 0, resumedBytes: 0 });
        await sender.sendWhole(artifact.id, source, signal);
        onProgress?.({ sizeBytes, sentBytes: sizeBytes, resumedBytes: 0 });
      }
      const sha256 = await source.sha256?.();
      const said = sha256 === undefined ? {} : { sha256 };
      return post(nativePath.artifactComplete(artifact.id), said, signal);
    },
  };
}

/** Sends the bytes of an upload that has begun. */
function createSender(
  { call, patience, fetch }: ArtifactsClientParts,
  listParts: (id: string, signal: AbortSignal | undefined) => Promise<ArtifactParts>,
) {
  /** Signed anew for each try, since a slow one may outlive its URL. */
  async function sendWhole(id: string, source: UploadSource, signal: AbortSignal | undefined): Promise<void> {
    const body = await source.slice(0, source.sizeBytes);
    await patience(async () => {
      const url = (await call('POST', nativePath.artifactUploadUrl(id), { body: {}, signal })) as SignedUrl;
      // It is there already: of a try before this one whose answer was lost.
      await putSigned(fetch, url, body, signal).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 412)) throw error;
      });
      return {};
    }, signal);
  }

  async function sendPart(id: string, partNumber: number, body: Bytes, signal: AbortSignal): Promise<void> {
    await patience(async () => {
      const wanted = { body: { partNumbers: [partNumber] }, signal };
      const signed = (await call('POST', nativePath.artifactParts(id), wanted)) as SignedPartList;
      for (const { request } of signed.parts) await putSigned(fetch, request, body, signal);
      return {};
    }, signal);
  }

  async function sendParts(id: string, source: UploadSource, options: UploadOptions): Promise<void> {
    const { sizeBytes } = source;
    const listed = await listParts(id, options.signal);
    const { partSizeBytes, partCount } = listed;
    const arrived = await wholeParts(listed, source, options.acknowledged);
    const there = new Set(arrived.map((part) => part.partNumber));
    const missing = Array.from({ length: partCount }, (_, index) => index + 1).filter(
      (one) => !there.has(one),
    );
    const resumedBytes = arrived.reduce((sum, part) => sum + part.sizeBytes, 0);
    let sentBytes = resumedBytes;
    options.onProgress?.({ sizeBytes, sentBytes, resumedBytes });
    // One that fails for good ends the others.
    const failing = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal;
    const connection = async (): Promise<void> => {
      for (let partNumber = missing.shift(); partNumber !== undefined; partNumber = missing.shift()) {
        const start = (partNumber - 1) * partSizeBytes;
        const end = Math.min(start + partSizeBytes, sizeBytes);
        await sendPart(id, partNumber, await source.slice(start, end), signal);
        sentBytes += end - start;
        options.acknowledged?.add(partNumber);
        options.onProgress?.({ sizeBytes, sentBytes, resumedBytes });
      }
    };
    const connections = Array.from({ length: options.connections ?? DEFAULT_CONNECTIONS }, connection);
    try {
      await Promise.all(connections);
    } catch (error) {
      failing.abort(error);
      await Promise.allSettled(connections);
      throw error;
    }
  }

  return { sendWhole, sendParts };
}
