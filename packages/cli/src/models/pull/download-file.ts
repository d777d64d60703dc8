import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GuardedStream } from '@spillway/sdk/net';
import { CliError } from '../../cli-error.ts';
import type { Remote, RemoteFile } from './remote.ts';
import { describeFailure, MOST_FAILURES, PassingError, type RemoteCalls } from './remote-calls.ts';

/**
 * One file, whole and right, or not at all. Bytes go into a part file beside which stands what content they are of; a pull
 * that was cut, by kill -9 even, goes on where it stopped as long as the origin still has that content (If-Range). Hashed
 * while it comes; the part is complete only once size and hash are those that were promised.
 */
export interface DownloadOptions {
  readonly remote: Remote;
  readonly calls: Pick<RemoteCalls, 'pause'>;
  readonly revision: string | undefined;
  /** What the origin, or the lock file, says that it must be. */
  readonly file: RemoteFile;
  /** Where its bytes are gathered, under the name that it will have. */
  readonly part: string;
  /** Where it stands what content they are of. */
  readonly note: string;
  /** Called with the bytes there are so far. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface Downloaded {
  readonly sha256: string;
  readonly bytes: number;
  /** The origin's name for this content, where it gave one that is exact. */
  readonly etag?: string | undefined;
}

/** What the bytes in a part file are of. */
interface PartNote {
  readonly etag?: string | undefined;
}

/** @throws CliError with the sentence for its user, or the reason of `signal`. */
export async function downloadFile(options: DownloadOptions): Promise<Downloaded> {
  const { file, part, calls, signal } = options;
  await mkdir(path.dirname(part), { recursive: true });
  await mkdir(path.dirname(options.note), { recursive: true });
  let wrong = 0;
  for (let failures = 0; ; ) {
    const before = await sizeOf(part);
    try {
      const done = await fetchRest(options);
      const problem = differenceOf(file, done);
      if (problem === undefined) return done.downloaded;
      // A part of other bytes than its note says would go wrong for ever: once more from the beginning.
      await discard(options);
      if (++wrong > 1)
        throw new CliError('WRONG_CONTENT', `${file.path}: ${problem}. Nothing of it was kept.`);
    } catch (error) {
      if (!(error instanceof PassingError)) throw explainDisk(error, file.path);
      if (error instanceof RestartError) await discard(options);
      failures = (await sizeOf(part)) > before ? 1 : failures + 1;
      if (failures >= MOST_FAILURES)
        throw new CliError(error.code, `${file.path}: ${error.message}${await remark(part)}`);
      await calls.pause(failures, error, signal);
    }
  }
}

async function remark(part: string): Promise<string> {
  return (await sizeOf(part)) > 0 ? ' What has come so far is kept: pull again to go on.' : '';
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

async function discard({ part, note }: Pick<DownloadOptions, 'part' | 'note'>): Promise<void> {
  await rm(part, { force: true });
  await rm(note, { force: true });
}

async function readNote(file: string): Promise<PartNote> {
  try {
    const note: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof note === 'object' && note !== null ? note : {};
  } catch {
    return {};
  }
}

/** The hashes of a file as its bytes go by. */
interface Hashing {
  update(chunk: Uint8Array): void;
  finish(etag: string | undefined): Finished;
}

interface Finished {
  readonly downloaded: Downloaded;
  readonly gitSha1: string | undefined;
}

async function fetchRest(options: DownloadOptions): Promise<Finished> {
  const { file, part } = options;
  const note = await readNote(options.note);
  if (await isStale(part, note, file)) await discard(options);
  const have = await sizeOf(part);
  // Without an exact name of the content, only a hash can tell whether the rest belongs to what is there.
  const isKnown = file.sha256 !== undefined || file.gitSha1 !== undefined;
  const mayResume = have > 0 && (note.etag !== undefined || isKnown);
  const isListed = isKnown || (file.etag !== undefined && file.etag === note.etag);
  if (mayResume && isListed && have === file.bytes) return (await hashPart(part, file)).finish(note.etag);
  const headers: Record<string, string> = {};
  if (mayResume) {
    headers.range = `bytes=${have}-`;
    if (note.etag !== undefined) headers['if-range'] = note.etag;
  }
  const { remote, revision, signal } = options;
  const answer = await remote.open(file, { revision, headers, signal });
  const plan = planOf(answer, have, mayResume);
  if (plan.isDone) {
    answer.close();
    return (await hashPart(part, file)).finish(note.etag);
  }
  const etag = plan.from > 0 ? note.etag : exactEtag(answer);
  assertAsListed(file, etag, answer);
  return receive(options, answer, plan, etag);
}

/** Of another content than the listing's; or a second name of a file that workers may have open, which must not change. */
async function isStale(part: string, note: PartNote, file: RemoteFile): Promise<boolean> {
  const isOther = file.etag !== undefined && note.etag !== undefined && file.etag !== note.etag;
  return isOther || ((await stat(part).catch(() => undefined))?.nlink ?? 1) > 1;
}

interface Plan {
  /** Where the bytes of the answer go. */
  readonly from: number;
  /** Size of the whole file, where the answer says it. */
  readonly total: number | undefined;
  readonly isDone: boolean;
}

function planOf({ status, headers, url, close }: GuardedStream, have: number, isResuming: boolean): Plan {
  const encoding = String(headers['content-encoding'] ?? 'identity');
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(String(headers['content-range'] ?? ''));
  const total = range?.[2] === undefined || range[2] === '*' ? undefined : Number(range[2]);
  const { host } = new URL(url);
  if (encoding !== 'identity') {
    close();
    throw new CliError(
      'BAD_ANSWER',
      `${host} sends the file compressed (${encoding}), which was not asked for.`,
    );
  }
  if (status === 206 && isResuming && Number(range?.[1]) === have)
    return { from: have, total, isDone: false };
  if (status === 416 && isResuming && total === have) return { from: have, total, isDone: true };
  if (status !== 200) {
    close();
    // The part is longer than the file, or the origin can't count: from the beginning.
    throw new RestartError(host);
  }
  const length = headers['content-length'];
  return { from: 0, total: length === undefined ? undefined : Number(length), isDone: false };
}

class RestartError extends PassingError {
  constructor(host: string) {
    super('BAD_ANSWER', `${host} can't go on with a file that was begun.`);
  }
}

/** A weak ETag says that two contents are alike, not that they are the same. */
function exactEtag({ headers }: GuardedStream): string | undefined {
  const { etag } = headers;
  return typeof etag === 'string' && /^"[^"]+"$/.test(etag) ? etag : undefined;
}

/** Between the listing and now an origin without hashes may have got another content. */
function assertAsListed(file: RemoteFile, etag: string | undefined, answer: GuardedStream): void {
  if (file.etag === undefined || etag === undefined || file.etag === etag) return;
  answer.close();
  throw new CliError('CHANGED_UPSTREAM', `${file.path} was changed while it was pulled. Pull again.`);
}

async function receive(
  { file, part, note, onBytes, signal }: DownloadOptions,
  answer: GuardedStream,
  { from, total }: Plan,
  etag: string | undefined,
): Promise<Finished> {
  const most = file.bytes ?? total ?? Number.POSITIVE_INFINITY;
  // The bytes of the old content go before the note of the new one comes.
  if (from === 0) await rm(part, { force: true });
  const handle = await open(part, 'a');
  try {
    await writeFile(note, JSON.stringify({ etag } satisfies PartNote));
    const hashing = await hashPart(part, file);
    let bytes = from;
    onBytes(bytes);
    for await (const chunk of readFrom(answer, signal)) {
      bytes += chunk.length;
      if (bytes > most)
        throw new CliError(
          'WRONG_CONTENT',
          `${file.path} is longer than the ${most} bytes that were promised.`,
        );
      await writeWhole(handle, chunk);
      hashing.update(chunk);
      onBytes(bytes);
    }
    await handle.sync();
    const promised = file.bytes ?? total;
    if (promised !== undefined && bytes < promised)
      throw new PassingError('CUT_OFF', `it ended after ${bytes} of ${promised} bytes.`);
    return hashing.finish(etag);
  } finally {
    answer.close();
    await handle.close();
  }
}

async function* readFrom(answer: GuardedStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* answer.body;
  } catch (error) {
    throw signal.aborted ? error : describeFailure(error, answer.url);
  }
}

async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
}

/** With what is in the part already. */
async function hashPart(part: string, file: RemoteFile): Promise<Hashing> {
  const sha256 = createHash('sha256');
  // Git names a content with its length before it.
  const isNamed = file.gitSha1 !== undefined && file.bytes !== undefined;
  const gitSha1 = isNamed ? createHash('sha1').update(`blob ${file.bytes}\0`) : undefined;
  let bytes = 0;
  const hashing: Hashing = {
    update(chunk) {
      bytes += chunk.length;
      sha256.update(chunk);
      gitSha1?.update(chunk);
    },
    finish: (etag) => ({
      downloaded: { sha256: sha256.digest('hex'), bytes, etag },
      gitSha1: gitSha1?.digest('hex'),
    }),
  };
  for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 }))
    hashing.update(chunk as Buffer);
  return hashing;
}

function differenceOf(file: RemoteFile, { downloaded, gitSha1 }: Finished): string | undefined {
  const { bytes, sha256 } = downloaded;
  if (file.bytes !== undefined && bytes !== file.bytes)
    return `it has ${bytes} bytes instead of ${file.bytes}`;
  if (file.sha256 !== undefined && sha256 !== file.sha256)
    return `its SHA-256 is ${sha256}, and should be ${file.sha256}`;
  if (gitSha1 !== undefined && gitSha1 !== file.gitSha1)
    return `its content is another than the hub's list of files names (${gitSha1}, and should be ${file.gitSha1})`;
  return undefined;
}

const DISK_PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk can only be read',
  EACCES: 'the folder may not be written',
  EPERM: 'the folder may not be written',
  EIO: 'the disk fails',
};

/** Also for what is done with files around downloads. */
export function explainDisk(error: unknown, subject: string): unknown {
  const problem = DISK_PROBLEMS[(error as NodeJS.ErrnoException | null)?.code ?? ''];
  if (problem === undefined || error instanceof CliError) return error;
  return new CliError(
    'DISK',
    `${subject} can't be kept: ${problem}. What has come so far stays: free some space and pull again.`,
  );
}
