import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, readlink, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Clock } from '@spillway/sdk/clock';

/**
 * One process at a time, also over machines that share a volume: a file that is made by one alone, and touched while its
 * maker lives. A maker that was killed is known by its process id on this machine, elsewhere by its silence.
 */
export interface FolderLock {
  release(): Promise<void>;
}

export interface LockOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once when another holds it. */
  readonly onWait?: (holder: string) => void;
}

interface Holder {
  readonly id: string;
  readonly pid: number;
  /** Machine and process namespace: a process id means something only there. */
  readonly where: string;
}

const TOUCH_MS = 5_000;
const SILENT_MS = 30_000;
const LOOK_AGAIN_MS = 250;

/** Waits until nobody else holds it. Rejects with the reason of `signal`. */
export async function holdLock(file: string, options: LockOptions): Promise<FolderLock> {
  const { clock, signal, onWait } = options;
  const me: Holder = { id: randomUUID(), pid: process.pid, where: await whereAmI() };
  await mkdir(path.dirname(file), { recursive: true });
  let hasTold = false;
  for (;;) {
    if (await tryMake(file, me)) break;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined && (await isAbandoned(file, text, me.where))) {
      await takeAway(file, text);
      continue;
    }
    if (text !== undefined && !hasTold) onWait?.(describe(text));
    hasTold ||= text !== undefined;
    await clock.sleep(LOOK_AGAIN_MS, signal);
    signal.throwIfAborted();
  }
  const touching = setInterval(() => void touch(file), TOUCH_MS);
  touching.unref();
  return {
    async release() {
      clearInterval(touching);
      const text = await readFile(file, 'utf8').catch(() => '');
      if (parse(text)?.id === me.id) await rm(file, { force: true });
    },
  };
}

/** Made beside and linked into place, so that whoever reads it reads it whole. */
async function tryMake(file: string, me: Holder): Promise<boolean> {
  const half = `${file}.${me.id}`;
  const handle = await open(half, 'wx');
  try {
    await handle.writeFile(JSON.stringify(me));
    await handle.close();
    await link(half, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(half, { force: true });
  }
}

async function isAbandoned(file: string, text: string, here: string): Promise<boolean> {
  const holder = parse(text);
  if (holder?.where === here && !isAlive(holder.pid)) return true;
  const found = await stat(file).catch(() => undefined);
  // By the file system's own clock, which need not be this machine's.
  return found !== undefined && (await fileSystemNow(file)) - found.mtimeMs > SILENT_MS;
}

async function fileSystemNow(file: string): Promise<number> {
  const probe = `${file}.${randomUUID()}`;
  const handle = await open(probe, 'wx');
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
    await rm(probe, { force: true });
  }
}

/** Of several that saw it abandoned one moves it away; one that moved away its successor puts that back. */
async function takeAway(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  const isMoved = await rename(file, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if ((await readFile(aside, 'utf8').catch(() => text)) !== text)
    await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function whereAmI(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${namespace}`.trim();
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    const isHolder =
      typeof holder?.id === 'string' && typeof holder.pid === 'number' && typeof holder.where === 'string';
    return isHolder ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function describe(text: string): string {
  const holder = parse(text);
  return holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.where.split(' ')[0]}`;
}
