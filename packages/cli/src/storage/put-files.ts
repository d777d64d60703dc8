import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, realpath, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactView, Client } from '@spillway/sdk/client';
import { wrongUse } from '../cli-error.ts';
import { mediaTypeOf } from '../media-type.ts';
import { fileChanged, readSlice } from '../read-slice.ts';
import { hashFile } from './hash-file.ts';
import { createTransferView } from './transfer-view.ts';

export interface PutOptions {
  readonly name?: string;
  readonly type?: string;
  readonly prefix?: 'uploads' | 'results' | 'status';
  readonly endpoint?: string;
  readonly connections: number;
  readonly isSilent: boolean;
  readonly signal: AbortSignal;
}

/** Standard input, which has no size before its end. */
const STDIN = '-';

/** One file as an artifact. Called again after whatever cut it off, it goes on with the parts that are missing. */
export async function putFile(client: Client, file: string, options: PutOptions): Promise<ArtifactView> {
  if (file === STDIN) return putStdin(client, options);
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile()) throw wrongUse(`${file}: expected a file`);
  const { size: sizeBytes, mtimeMs } = stats;
  const name = options.name ?? path.basename(file);
  const mediaType = options.type ?? mediaTypeOf(name);
  const { prefix = 'uploads', endpoint } = options;
  // The same file with the same content, sent for the same: another state of it is another upload.
  const identity = [await realpath(file), sizeBytes, mtimeMs, name, mediaType, prefix, endpoint ?? ''];
  const resumeKey = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const hashing = hashFile(file, signal);
  hashing.catch(() => {});
  const handle = await open(file);
  const view = createTransferView(name, {
    ...{ isTerminal: process.stderr.isTTY === true, isSilent: options.isSilent },
  });
  try {
    return await client.artifacts.upload(
      {
        ...{ name, sizeBytes, mediaType },
        slice: (start, end) => readSlice(handle, file, start, end),
        md5: async (start, end) =>
          createHash('md5')
            .update(await readSlice(handle, file, start, end))
            .digest('hex'),
        async sha256() {
          const digest = await hashing;
          await refuseChanged(file, { sizeBytes, mtimeMs });
          return digest;
        },
      },
      {
        ...{ resumeKey, prefix, connections: options.connections, signal, onProgress: view.show },
        ...(endpoint === undefined ? {} : { endpoint }),
      },
    );
  } finally {
    view.close();
    ending.abort();
    await hashing.catch(() => {});
    await handle.close();
  }
}

async function refuseChanged(
  file: string,
  { sizeBytes, mtimeMs }: { sizeBytes: number; mtimeMs: number },
): Promise<void> {
  const now = await stat(file).catch(() => undefined);
  if (now?.size !== sizeBytes || now.mtimeMs !== mtimeMs) throw fileChanged(file);
}

/** An upload says first how long it is, so what comes is gathered in a file before. */
async function putStdin(client: Client, options: PutOptions): Promise<ArtifactView> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-put-'));
  try {
    const file = path.join(folder, 'stdin');
    await pipeline(process.stdin, createWriteStream(file), { signal: options.signal });
    return await putFile(client, file, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
