import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CONTRACT_NAMES, DTYPES } from '@spillway/workers/models';
import { z } from 'zod';
import { CliError } from '../../cli-error.ts';
import { holdLock, type LockOptions } from './folder-lock.ts';

/**
 * `spillway-models.lock.json`: what was pulled, from where, at which revision, with the hash of every file. Pulling by it
 * gives the same bytes on every machine or says which file is another. It may be kept in version control.
 */
export const LOCK_FILE = 'spillway-models.lock.json';

const fileSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
  bytes: z.number().int().nonnegative(),
  /** The origin's name for the content, where it publishes no hash: tells a change without fetching. */
  etag: z.string().optional(),
});

const entrySchema = z.object({
  source: z.string().min(1),
  /** The commit. */
  revision: z.string().min(1).optional(),
  /** The branch or tag that was asked for. */
  ref: z.string().min(1).optional(),
  contract: z.enum(CONTRACT_NAMES),
  dtypes: z.array(z.enum(DTYPES)).min(1),
  files: z.record(z.string().min(1), fileSchema),
});

const lockFileSchema = z.object({ version: z.literal(1), models: z.record(z.string().min(1), entrySchema) });

export type PinnedModel = z.infer<typeof entrySchema>;
export type LockFile = z.infer<typeof lockFileSchema>;

/** An absent file pins nothing. @throws CliError when it is there and can't be used. */
export async function readLockFile(file: string): Promise<LockFile> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CliError('LOCK_FILE', `${file} can't be read: ${error.message}.`);
  });
  if (text === undefined) return { version: 1, models: {} };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CliError(
      'LOCK_FILE',
      `${file} is not readable JSON. Take it from your backup or version control, or remove it to pin anew.`,
    );
  }
  const parsed = lockFileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CliError(
    'LOCK_FILE',
    `${file}: ${issue?.path.join('.') || 'top'}: ${issue?.message ?? 'not in the form of a lock file'}.`,
  );
}

/** Reads, changes and writes it while no other pull does. */
export async function updateLockFile(
  file: string,
  change: (models: Record<string, PinnedModel>) => void,
  options: LockOptions,
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const lock = await holdLock(path.join(path.dirname(file), `.${path.basename(file)}.lock`), options);
  try {
    const { models } = await readLockFile(file);
    change(models);
    const sorted = Object.fromEntries(Object.entries(models).sort(([a], [b]) => (a < b ? -1 : 1)));
    const half = `${file}.${process.pid}`;
    await writeFile(half, `${JSON.stringify({ version: 1, models: sorted } satisfies LockFile, null, 2)}\n`);
    await rename(half, file);
  } finally {
    await lock.release();
  }
}
