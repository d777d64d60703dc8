import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkKey } from './artifact-key.ts';
import type { ArtifactBytes, ArtifactInfo, ArtifactStore, ByteRange } from './artifact-store.ts';
import { clipRange } from './byte-range.ts';
import {
  isMissing,
  moveTo,
  moveToNew,
  removeBelow,
  removeFile,
  writeJson,
  writeStream,
} from './disk-files.ts';
import { exactBytes } from './exact-bytes.ts';
import { createKeyedTurns } from './keyed-turns.ts';
import { changed, existsAlready, notFound } from './not-found.ts';
import type { ShortIds } from './short-ids.ts';

export interface DiskObjects extends Pick<ArtifactStore, 'put' | 'get' | 'head' | 'delete' | 'list'> {
  /** Makes an artifact of a file, which is moved. */
  publish(key: string, file: string, mediaType: string): Promise<ArtifactInfo>;
}

/**
 * Whole artifacts in a folder: `objects/<key>` with their media types in `meta/<key>.json`, and in `incoming` what is
 * being written. One appears by a rename, so it is whole or not there, also after a crash.
 */
export function createDiskObjects(folder: string, ids: ShortIds): DiskObjects {
  const objects = path.join(folder, 'objects');
  const objectFile = (key: string) => path.join(objects, checkKey(key));
  const inTurn = createKeyedTurns();
  const meta = path.join(folder, 'meta');
  const metaFile = (key: string) => path.join(meta, `${checkKey(key)}.json`);

  async function temporary(): Promise<string> {
    await mkdir(path.join(folder, 'incoming'), { recursive: true });
    return path.join(folder, 'incoming', ids.short(16));
  }
  async function describe(key: string, { size, mtimeNs, mtimeMs, ino }: Stats): Promise<ArtifactInfo> {
    return {
      key,
      sizeBytes: Number(size),
      mediaType: await readMediaType(metaFile(key)),
      // The clock of a file system may stand still for some milliseconds.
      etag: `"${[size, mtimeNs, ino].map((one) => one.toString(16)).join('-')}"`,
      modifiedAt: Number(mtimeMs),
    };
  }
  async function head(key: string): Promise<ArtifactInfo | undefined> {
    try {
      const stats = await stat(objectFile(key), { bigint: true });
      return stats.isFile() ? await describe(key, stats) : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
  /** What it is before what is in it: an artifact that can be read has a media type. */
  async function publish(
    key: string,
    file: string,
    mediaType: string,
    onlyNew = false,
  ): Promise<ArtifactInfo> {
    await writeJson(metaFile(key), { mediaType }, await temporary());
    if (!onlyNew) await moveTo(file, objectFile(key));
    else if (!(await moveToNew(file, objectFile(key)))) throw existsAlready(key);
    const info = await head(key);
    if (!info) throw notFound(key);
    return info;
  }

  return {
    head,
    publish,
    async put(key, body, { mediaType, sizeBytes, onlyNew = false, ifEtag }) {
      checkKey(key);
      if (onlyNew && (await head(key))) throw existsAlready(key);
      const file = await temporary();
      try {
        await writeStream(file, 'w', 0, exactBytes(body, sizeBytes));
        return await inTurn(key, async () => {
          if (ifEtag !== undefined && (await head(key))?.etag !== ifEtag) throw changed(key);
          return publish(key, file, mediaType, onlyNew);
        });
      } finally {
        await removeFile(file);
      }
    },
    async get(key, range) {
      const handle = await open(objectFile(key), 'r').catch((error: unknown) => {
        throw isMissing(error) ? notFound(key) : error;
      });
      try {
        // Of the file that is open, whatever takes its place meanwhile.
        return read(await describe(key, await handle.stat({ bigint: true })), handle, range);
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async delete(key) {
      await removeBelow(objects, objectFile(key));
      await removeBelow(meta, metaFile(key));
    },
    async *list(prefix) {
      for await (const key of keysIn(objects, '')) {
        const info = key.startsWith(prefix) ? await head(key) : undefined;
        if (info) yield info;
      }
    },
  };
}

interface Stats {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly mtimeMs: bigint;
}

function read(info: ArtifactInfo, handle: FileHandle, wanted: ByteRange | undefined): ArtifactBytes {
  const range = clipRange(wanted, info.sizeBytes);
  // A file's own stream takes no empty range.
  const stream = handle.createReadStream({
    start: range.start,
    ...(range.end > range.start ? { end: range.end - 1 } : {}),
  });
  return { info, range, stream };
}

async function readMediaType(file: string): Promise<string> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { mediaType: string }).mediaType;
  } catch (error) {
    if (isMissing(error)) return 'application/octet-stream';
    throw error;
  }
}

async function* keysIn(folder: string, prefix: string): AsyncGenerator<string, void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  for (const entry of entries) {
    const key = prefix + entry.name;
    if (entry.isDirectory()) yield* keysIn(path.join(folder, entry.name), `${key}/`);
    else yield key;
  }
}

/** What a gateway that was killed left half written. */
export async function clearIncoming(folder: string): Promise<void> {
  await rm(path.join(folder, 'incoming'), { recursive: true, force: true });
}
