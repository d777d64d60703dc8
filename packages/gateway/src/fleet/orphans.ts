import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '@spillway/sdk/clock';
import { z } from 'zod';
import type { Recovered } from './backend.ts';
import { isSameProcess, readProcessIdentity, signalGroup } from './process-identity.ts';

/**
 * The record of worker processes that a gateway keeps beside its data, so that its successor can end what it left
 * running. Every worker has a watchdog of its own that does so at once; this is the second net, for a watchdog that
 * was killed too.
 */
const recordSchema = z.object({
  pid: z.int().min(2),
  identity: z.object({ startTime: z.string(), bootId: z.string() }).optional(),
  endpoint: z.string(),
});

/** Folder of all that a worker has on this machine: its record's neighbour, removed with it. */
export function workerFolder(root: string, workerId: string): string {
  return path.join(root, workerId);
}

/** Notes a worker's process. */
export async function recordWorker(
  root: string,
  workerId: string,
  pid: number,
  endpoint: string,
): Promise<void> {
  const identity = await readProcessIdentity(pid);
  const record = { pid, ...(identity ? { identity } : {}), endpoint } satisfies z.infer<typeof recordSchema>;
  await writeFile(recordFile(root, workerId), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** Removes all traces of a worker that has ended. */
export async function forgetWorker(root: string, workerId: string): Promise<void> {
  await rm(workerFolder(root, workerId), { recursive: true, force: true, maxRetries: 3 });
  await rm(recordFile(root, workerId), { force: true });
}

/** Ends the worker processes that a dead gateway left and removes their folders. */
export async function endOrphans(root: string, clock: Clock): Promise<Recovered> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const names = await readdir(root);
  const records = names.filter((name) => name.endsWith(RECORD_SUFFIX));
  const ended = await Promise.all(records.map((name) => endOrphan(path.join(root, name), clock)));
  await Promise.all(names.map((name) => rm(path.join(root, name), { recursive: true, force: true })));
  return {
    workerIds: records.map((name) => name.slice(0, -RECORD_SUFFIX.length)),
    endedCount: ended.filter((hasRun) => hasRun).length,
  };
}

async function endOrphan(file: string, clock: Clock): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const record = recordSchema.safeParse(parseJson(text)).data;
  if (!record) return false;
  // A pid alone proves nothing: it may belong to somebody else by now.
  if (!isSameProcess(record.identity, await readProcessIdentity(record.pid))) return false;
  signalGroup(record.pid, 'SIGKILL');
  const giveUpAt = clock.now() + MAX_WAIT_MS;
  while (isSameProcess(record.identity, await readProcessIdentity(record.pid)) && clock.now() < giveUpAt) {
    await clock.sleep(POLL_MS);
  }
  return true;
}

const RECORD_SUFFIX = '.json';
const MAX_WAIT_MS = 5_000;
const POLL_MS = 20;

function recordFile(root: string, workerId: string): string {
  return path.join(root, `${workerId}${RECORD_SUFFIX}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
