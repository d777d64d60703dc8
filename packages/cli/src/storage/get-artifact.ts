import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactView, Client } from '@spillway/sdk/client';
import { fetchSoundly } from '@spillway/sdk/net';
import { CliError, wrongUse } from '../cli-error.ts';
import { hashFile } from './hash-file.ts';
import { createTransferView, type TransferView } from './transfer-view.ts';

export interface GetOptions {
  /** A file, a folder, or `-`; absent: here, under the artifact's own name. */
  readonly out?: string;
  readonly force: boolean;
  readonly isSilent: boolean;
  readonly signal: AbortSignal;
}

export interface Got {
  readonly artifact: ArtifactView;
  /** Absent for standard output. */
  readonly file?: string;
  /** What its bytes were compared with: nothing but their number where its uploader told no hash. */
  readonly verifiedBy: 'sha256' | 'size';
}

export const STDOUT = '-';
const MOST_FAILURES = 8;

/**
 * An artifact, whole and right, or not at all. Its bytes are gathered beside where they will be under a name with its id,
 * so a call that was cut off, by kill -9 even, goes on where it was: what an id names never changes.
 */
export async function getArtifact(client: Client, id: string, options: GetOptions): Promise<Got> {
  const artifact = await client.artifacts.show(id);
  if (artifact.state !== 'ready')
    throw new CliError('ARTIFACT_INCOMPLETE', `${id} is still being uploaded; complete it first`);
  const view = createTransferView(artifact.name, {
    ...{ isTerminal: process.stderr.isTTY === true, isSilent: options.isSilent },
  });
  try {
    return options.out === STDOUT
      ? await toStdout(client, artifact, options, view)
      : await toFile(client, artifact, options, view);
  } finally {
    view.close();
  }
}

async function toFile(
  client: Client,
  artifact: ArtifactView,
  { out, force, signal }: GetOptions,
  view: TransferView,
): Promise<Got> {
  const file = await placeOf(out, artifact);
  if (existsSync(file) && !force)
    throw wrongUse(`${file} is there already; name another with --out, or replace it with --force`);
  const part = path.join(path.dirname(file), `.${path.basename(file)}.${artifact.id}.part`);
  const handle = await open(part, 'a');
  try {
    const { size } = await handle.stat();
    // Of no use: longer than it can be.
    if (size > artifact.sizeBytes) await handle.truncate(0);
    const resumedBytes = size > artifact.sizeBytes ? 0 : size;
    const progress = { sizeBytes: artifact.sizeBytes, resumedBytes };
    await fetchRest(client, artifact, resumedBytes, signal, async (chunk, sentBytes) => {
      await handle.appendFile(chunk);
      view.show({ ...progress, sentBytes });
    });
    await handle.datasync();
  } finally {
    await handle.close();
  }
  const { sha256 } = artifact;
  if (sha256 !== undefined && (await hashFile(part, signal)) !== sha256) {
    await rm(part);
    throw wrongContent(artifact);
  }
  await rename(part, file);
  return { artifact, file, verifiedBy: sha256 === undefined ? 'size' : 'sha256' };
}

async function toStdout(
  client: Client,
  artifact: ArtifactView,
  { signal }: GetOptions,
  view: TransferView,
): Promise<Got> {
  const hash = createHash('sha256');
  const { sha256, sizeBytes } = artifact;
  await fetchRest(client, artifact, 0, signal, async (chunk, sentBytes) => {
    hash.update(chunk);
    view.show({ sizeBytes, resumedBytes: 0, sentBytes });
    if (!process.stdout.write(chunk))
      await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
  });
  if (sha256 !== undefined && hash.digest('hex') !== sha256) throw wrongContent(artifact);
  return { artifact, verifiedBy: sha256 === undefined ? 'size' : 'sha256' };
}

type Take = (chunk: Uint8Array, sofarBytes: number) => Promise<void>;

/** From `haveBytes` on; over broken connections, each with a URL of its own, as long as there is some progress. */
async function fetchRest(
  client: Client,
  { id, sizeBytes }: ArtifactView,
  haveBytes: number,
  signal: AbortSignal,
  take: Take,
): Promise<void> {
  let have = haveBytes;
  for (let failures = 0; have < sizeBytes; ) {
    const before = have;
    try {
      const { url } = await client.artifacts.downloadUrl(id);
      const answer = await fetchSoundly(url, { headers: { range: `bytes=${have}-` }, signal });
      checkAnswer(answer, have, sizeBytes);
      for await (const chunk of answer.body ?? []) {
        have += chunk.length;
        await take(chunk, have);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CliError && !(error instanceof PassingError)) throw error;
      failures = have > before ? 1 : failures + 1;
      if (failures >= MOST_FAILURES) throw brokenOff(error, have);
      await sleep(Math.min(5_000, 250 * 2 ** failures), undefined, { signal });
    }
  }
}

class PassingError extends CliError {}

function checkAnswer(answer: Response, start: number, sizeBytes: number): void {
  if (answer.status >= 500 || answer.status === 429)
    throw new PassingError('DOWNLOAD_FAILED', `the answer was HTTP ${answer.status}`);
  const expected = `bytes ${start}-${sizeBytes - 1}/${sizeBytes}`;
  const isRest = answer.status === 206 && answer.headers.get('content-range') === expected;
  if (isRest || (answer.status === 200 && start === 0)) return;
  throw new CliError(
    'DOWNLOAD_FAILED',
    `expected ${expected}, got HTTP ${answer.status} (${answer.headers.get('content-range') ?? 'no range'})`,
  );
}

function brokenOff(error: unknown, have: number): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  const kept = have > 0 ? '; what has come so far is kept: call it again to go on' : '';
  return new CliError('DOWNLOAD_FAILED', `the download broke off again and again (${reason})${kept}`);
}

function wrongContent({ id }: ArtifactView): CliError {
  return new CliError(
    'WRONG_CONTENT',
    `${id}: the bytes that came are not those that were put (SHA-256); nothing was kept, get it again`,
  );
}

/** A name is what its uploader says: only its last part is taken, and nothing hidden. */
async function placeOf(out: string | undefined, { name, id }: ArtifactView): Promise<string> {
  const own = path.basename(name.replaceAll('\\', '/')).replace(/^\.+/, '') || id;
  if (out === undefined) return path.resolve(own);
  const isFolder = /[/\\]$/.test(out) || (await stat(out).catch(() => undefined))?.isDirectory() === true;
  return isFolder ? path.resolve(out, own) : path.resolve(out);
}
