import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Whether files still are what a card or a lock says. Hashing gigabytes would hold up every start of a worker, so files
 * that were hashed once are believed while their size and time of change stay what they were then: `spillway models
 * verify` hashes them all the same.
 */
export interface FileHash {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** In a model folder: what was hashed, and when those files were last changed. */
const STAMPS_FILE = '.hashed.json';

/** Name of a file in its folder → its hash, size and time of change (whole seconds: copies keep no finer one). */
type Stamps = Readonly<Record<string, { sha256: string; bytes: number; changedAtSeconds: number }>>;

/** One sentence without a full stop for each file that is missing, cut, grown or changed. */
export async function findDamage(
  hashes: readonly FileHash[],
  { stampsIn }: { readonly stampsIn?: string } = {},
): Promise<string[]> {
  const stamps = stampsIn === undefined ? {} : await readStamps(stampsIn);
  const problems: string[] = [];
  for (const { path: file, sha256, bytes } of hashes) {
    const found = await stat(file).catch(() => undefined);
    const stamp = stamps[path.relative(stampsIn ?? '', file)];
    if (found === undefined) {
      problems.push(`${file} is missing`);
    } else if (found.size !== bytes) {
      problems.push(`${file} has ${found.size} bytes instead of ${bytes}`);
    } else if (stamp?.sha256 === sha256 && stamp.changedAtSeconds === seconds(found.mtimeMs)) {
      // Untouched since it was hashed.
    } else if ((await hashFile(file)) !== sha256) {
      problems.push(`${file} has another SHA-256 than it should`);
    }
  }
  return problems;
}

/**
 * What is known of files without hashing them: `damaged` where one is missing or of another size, `verified` where all were
 * hashed and not changed since.
 */
export async function glanceAt(
  hashes: readonly FileHash[],
  stampsIn: string,
): Promise<'verified' | 'unverified' | 'damaged'> {
  const stamps = await readStamps(stampsIn);
  let isKnown = true;
  for (const { path: file, sha256, bytes } of hashes) {
    const found = await stat(file).catch(() => undefined);
    if (found?.size !== bytes) return 'damaged';
    const stamp = stamps[path.relative(stampsIn, file)];
    isKnown &&= stamp?.sha256 === sha256 && stamp.changedAtSeconds === seconds(found.mtimeMs);
  }
  return isKnown ? 'verified' : 'unverified';
}

/** Notes that the files of `folder` have these hashes now. */
export async function writeStamps(folder: string, hashes: readonly FileHash[]): Promise<void> {
  const stamps: Record<string, Stamps[string]> = {};
  for (const { path: file, sha256, bytes } of hashes) {
    const { mtimeMs } = await stat(file);
    stamps[path.relative(folder, file)] = { sha256, bytes, changedAtSeconds: seconds(mtimeMs) };
  }
  const file = path.join(folder, STAMPS_FILE);
  const half = `${file}.${process.pid}`;
  await writeFile(half, `${JSON.stringify(stamps, null, 2)}\n`);
  await rename(half, file);
}

async function readStamps(folder: string): Promise<Stamps> {
  const text = await readFile(path.join(folder, STAMPS_FILE), 'utf8').catch(() => '{}');
  try {
    const stamps: unknown = JSON.parse(text);
    return typeof stamps === 'object' && stamps !== null ? (stamps as Stamps) : {};
  } catch {
    return {};
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** SHA-256 as hex. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
