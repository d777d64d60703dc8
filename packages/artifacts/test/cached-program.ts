// Programs that some tests and benches need and no package of a system brings: installed once, by their own installers, and
// kept in `.cache/`. Tests only look for them, so that none waits for a network; `npm test` begins with installing them.
// One is there whole or not at all: it is made in a folder beside, which gets its name, and a mark, when it is done.

import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CachedProgram {
  /** As a line names it. */
  readonly title: string;
  /** Its own in `.cache/`, which names its version. */
  readonly folder: string;
  /** In its folder. */
  readonly program: string;
  /** What makes `into` what it should be, the last one by having it start. */
  steps(into: string): readonly InstallStep[];
}

export interface InstallStep {
  readonly command: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const CACHE = fileURLToPath(new URL('../../../.cache', import.meta.url));
const MARK = 'whole';
const LONGEST_MS = 5 * 60_000;

/** Its whole path, where it is installed; else one line that says how it comes to be. */
export function findCached(one: CachedProgram, cache = CACHE): string | undefined {
  const folder = path.join(cache, one.folder);
  if (existsSync(path.join(folder, MARK))) return path.join(folder, one.program);
  console.warn(`SKIPPED: ${one.title} is not there (node tools/install-test-programs.ts)`);
  return undefined;
}

/** Installs it where it is not there. Never throws, and says in one line what came of it. */
export async function ensureCached(
  one: CachedProgram,
  { cache = CACHE, say = (line: string) => console.error(line) } = {},
): Promise<void> {
  const folder = path.join(cache, one.folder);
  if (existsSync(path.join(folder, MARK))) return;
  const within = AbortSignal.timeout(LONGEST_MS);
  mkdirSync(cache, { recursive: true });
  const beside = mkdtempSync(`${folder}.new-`);
  try {
    say(`Installing ${one.title} into ${folder} …`);
    for (const step of one.steps(beside)) await run(step, within);
    chmodSync(beside, 0o755);
    writeFileSync(path.join(beside, MARK), '');
    // Another may have been as fast; what one without the mark left is nothing to keep.
    if (existsSync(path.join(folder, MARK))) return;
    rmSync(folder, { recursive: true, force: true });
    renameSync(beside, folder);
  } catch (error) {
    const reason = within.aborted ? `it took longer than ${LONGEST_MS / 60_000} minutes` : String(error);
    say(`SKIPPED: ${one.title} could not be installed (${reason}). Tests that need it are skipped.`);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** Rejects with the last line of what it said where it fails. */
function run({ command: [program, ...args], env }: InstallStep, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { encoding: 'utf8', env: { ...process.env, ...env }, signal },
      (error, _, stderr) => {
        if (error === null) resolve();
        else reject(stderr.trim().split('\n').at(-1) || error.message);
      },
    );
  });
}
