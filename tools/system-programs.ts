// Programs of the system that some tests and benches need. Where this is Debian or Ubuntu, run by root, they are installed
// from its packages; elsewhere, and where that fails or takes long, one line says what is not there, and what needs it is
// skipped. A program counts only if it starts: an installation that broke off leaves some that don't.

import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

export interface SystemProgram {
  /** Names of its executables; the first that is found counts. */
  readonly names: readonly string[];
  readonly debianPackage: string;
  /** Has it say its version and end. */
  readonly versionFlag: string;
}

export const FFMPEG: SystemProgram = {
  names: ['ffmpeg'],
  debianPackage: 'ffmpeg',
  versionFlag: '-version',
};
export const CHROMIUM: SystemProgram = {
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
  versionFlag: '--version',
};

/** The whole path of the first such program on PATH that starts. */
export function findProgram(
  { names, versionFlag }: SystemProgram,
  searchPath = process.env.PATH ?? '',
): string | undefined {
  return names
    .flatMap((name) => onPath(name, searchPath))
    .find(
      (file) => spawnSync(file, [versionFlag], { stdio: 'ignore', timeout: START_WITHIN_MS }).status === 0,
    );
}

/** Only ends one that hangs, also on a machine that is busy with others. */
const START_WITHIN_MS = 30_000;

function onPath(name: string, searchPath = process.env.PATH ?? ''): string[] {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => path.join(folder, name)).filter(isExecutable);
}

export interface Machine {
  find(program: SystemProgram): string | undefined;
  readonly isRoot: boolean;
  /** False where there is no apt-get. */
  readonly hasApt: boolean;
  /** Runs apt-get; what it said when it failed, else undefined. */
  aptGet(args: readonly string[]): Promise<string | undefined>;
  say(line: string): void;
}

/** Brings the programs that are not there, where that is possible. Never throws, and says something only when one is absent. */
export async function ensurePrograms(
  programs: readonly SystemProgram[],
  machine: Machine = thisMachine(),
): Promise<void> {
  const isAbsent = (program: SystemProgram) => machine.find(program) === undefined;
  const absent = programs.filter(isAbsent);
  if (absent.length === 0) return;
  const packages = absent.map(({ debianPackage }) => debianPackage);
  const list = packages.join(' and ');
  const advice = `Tests that need ${absent.length > 1 ? 'them' : 'it'} are skipped (Debian: apt-get install ${packages.join(' ')}).`;
  if (!machine.hasApt || !machine.isRoot) {
    const reason = machine.hasApt ? 'only root may install packages' : 'there is no apt-get here';
    machine.say(`SKIPPED: ${list} not found, and ${reason}. ${advice}`);
    return;
  }
  machine.say(`Installing ${list} from the system's packages …`);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  // Fresh images have no lists of packages, or stale ones.
  let problem = await machine.aptGet(install);
  if (problem !== undefined) {
    await machine.aptGet(['update']);
    problem = await machine.aptGet(install);
  }
  const still = absent.filter(isAbsent);
  if (still.length === 0) return;
  const names = still.map(({ debianPackage }) => debianPackage).join(' and ');
  machine.say(
    `SKIPPED: ${names} could not be installed (${problem ?? 'apt-get brought no such program'}). ${advice}`,
  );
}

export function thisMachine(): Machine {
  const giveUpAt = performance.now() + LONGEST_MS;
  return {
    find: (program) => findProgram(program),
    isRoot: process.getuid?.() === 0,
    hasApt: onPath('apt-get').length > 0,
    // Node refuses a timeout that is not whole.
    aptGet: (args) => runAptGet(args, Math.floor(giveUpAt - performance.now())),
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

/** Gives up soon where there is no network, and where another installation goes on for long. */
const APT_OPTIONS = ['Acquire::Retries=1', 'Acquire::http::Timeout=10', 'DPkg::Lock::Timeout=120'];
/** Of all calls together. */
const LONGEST_MS = 5 * 60_000;

function runAptGet(args: readonly string[], withinMs: number): Promise<string | undefined> {
  const tooLong = `apt-get took longer than ${LONGEST_MS / 60_000} minutes`;
  if (withinMs <= 0) return Promise.resolve(tooLong);
  const options = APT_OPTIONS.flatMap((option) => ['-o', option]);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return new Promise((resolve) => {
    const run = { encoding: 'utf8', env, timeout: withinMs } as const;
    execFile('apt-get', ['-qq', ...options, ...args], run, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined);
      else resolve(error.killed ? tooLong : stderr.trim().split('\n').at(-1) || error.message);
    });
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
