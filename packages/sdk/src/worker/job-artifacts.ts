import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiError } from '../client/api-error.ts';
import { type Client, createClient } from '../client/client.ts';
import type { Clock } from '../clock/clock.ts';
import { JobError } from './job-error.ts';

/** Files of any size that belong to a job's result, kept beside it. */
export interface JobArtifacts {
  /**
   * Uploads a file (its path) or bytes, in parts where it is large, and resolves when all of it is kept. Return what it
   * answers, or put it anywhere in the output: the client reads `url`, which needs no key, or asks with the job's own key
   * for a fresh one by `id`. Throws JobError with a sentence; where the storage is full or away, the job fails with it.
   *
   * @example
   * const video = await context.artifacts.upload('out/overlay.mp4', { mediaType: 'video/mp4' });
   * return { frames: 250, video };
   */
  upload(source: string | Uint8Array, options?: JobArtifactOptions): Promise<JobArtifact>;
}

export interface JobArtifactOptions {
  /** What a browser saves it as (default: the file's name, or `output`). */
  readonly name?: string;
  /** What it is served as (default: `application/octet-stream`). */
  readonly mediaType?: string;
  /** How long `url` is good, `1s` to `7d` (default `24h`). */
  readonly urlExpiresIn?: string;
}

export interface JobArtifact {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly url: string;
  /** Epoch milliseconds until which the URL is good. */
  readonly urlExpiresAt: number;
}

interface GatewayArtifactsOptions {
  readonly origin: string;
  readonly key: string | undefined;
  readonly jobId: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const MEDIA_TYPE = 'application/octet-stream';
const URL_EXPIRES_IN = '24h';
/** Longer than a gateway's restart. */
const GIVE_UP_AFTER_MS = 120_000;

/** Those of a job that a Spillway gateway gave to this worker. */
export function createGatewayArtifacts(options: GatewayArtifactsOptions): JobArtifacts {
  const { origin, key = '', jobId, clock, signal } = options;
  let client: Client | undefined;
  return {
    async upload(source, { name, mediaType = MEDIA_TYPE, urlExpiresIn = URL_EXPIRES_IN } = {}) {
      client ??= createClient({
        baseUrl: `${origin}/v2`,
        apiKey: key,
        clock,
        giveUpAfterMs: GIVE_UP_AFTER_MS,
      });
      const opened = await openSource(source, name);
      try {
        const { id, ...kept } = await client.artifacts.upload(
          { ...opened, mediaType },
          { prefix: 'results', job: jobId, signal },
        );
        const { url, expiresAt } = await client.artifacts.downloadUrl(id, { expiresIn: urlExpiresIn });
        const { sizeBytes } = kept;
        return { id, name: opened.name, mediaType, sizeBytes, url, urlExpiresAt: expiresAt };
      } catch (error) {
        if (error instanceof ApiError) throw new JobError(`artifact ${opened.name}: ${error.message}`);
        throw error;
      } finally {
        await opened.close();
      }
    },
  };
}

/** Where jobs come from RunPod itself, which keeps no files. */
export const NO_ARTIFACTS: JobArtifacts = {
  upload() {
    const sentence =
      'artifacts are kept by a Spillway gateway, and this job came from another server: store the file elsewhere and return its address';
    return Promise.reject(new JobError(sentence));
  },
};

/** Those of a job without a server: in a folder of their own, which stays. */
export function createLocalArtifacts(): JobArtifacts {
  let count = 0;
  return {
    async upload(source, { name, mediaType = MEDIA_TYPE } = {}) {
      const opened = await openSource(source, name);
      try {
        count += 1;
        const bytes = await opened.slice(0, opened.sizeBytes);
        const file = path.join(
          await mkdtemp(path.join(tmpdir(), 'spillway-artifact-')),
          path.basename(opened.name),
        );
        await writeFile(file, bytes);
        const url = pathToFileURL(file).href;
        const { name: kept, sizeBytes } = opened;
        return {
          id: `local-${count}`,
          name: kept,
          mediaType,
          sizeBytes,
          url,
          urlExpiresAt: Number.MAX_SAFE_INTEGER,
        };
      } finally {
        await opened.close();
      }
    },
  };
}

interface OpenSource {
  readonly name: string;
  readonly sizeBytes: number;
  slice(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

async function openSource(source: string | Uint8Array, name: string | undefined): Promise<OpenSource> {
  if (typeof source !== 'string') {
    const slice = async (start: number, end: number) => new Uint8Array(source.slice(start, end));
    return { name: name ?? 'output', sizeBytes: source.length, slice, close: async () => undefined };
  }
  const file = await open(source).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new JobError(`artifact ${source}: the file can't be read (${code})`);
  });
  const { size } = await file.stat();
  return {
    name: name ?? path.basename(source),
    sizeBytes: size,
    async slice(start, end) {
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
        if (bytesRead === 0)
          throw new JobError(`artifact ${source}: the file became shorter while it was sent`);
        at += bytesRead;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}
