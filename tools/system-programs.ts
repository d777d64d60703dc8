// Programs of the system that some tests and benches need. Where this is Debian or Ubuntu, run by root, they are installed
// from its packages; elsewhere one line says what is not there, and what needs it is skipped.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

export interface SystemProgram {
  /** Names of its executables; the first that is found counts. */
  readonly names: readonly string[];
  readonly debianPackage: string;
}

export const FFMPEG: SystemProgram = { names: ['ffmpeg'], debianPackage: 'ffmpeg' };
export const CHROMIUM: SystemProgram = {
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
};

/** The whole path of a program on PATH. */
export function findProgram(
  { names }: SystemProgram,
  searchPath = process.env.PATH ?? '',
): string | undefined {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

export interface Machine {
  find(program: SystemProgram): string | undefined;
  readonly isRoot: boolean;
  /** False where there is no apt-get. */
  readonly hasApt: boolean;
  /** Runs apt-get; what it said when it failed, else undefined. */
  aptGet(args: readonly string[]): string | undefined;
  say(line: string): void;
}

/** Brings the programs that are not there, where that is possible. Never throws, and says something only when one is absent. */
export function ensurePrograms(programs: readonly SystemProgram[], machine: Machine = thisMachine()): void {
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
  let problem = machine.aptGet(install);
  if (problem !== undefined) {
    machine.aptGet(['update']);
    problem = machine.aptGet(install);
  }
  const still = absent.filter(isAbsent);
  if (still.length === 0) return;
  const names = still.map(({ debianPackage }) => debianPackage).join(' and ');
  machine.say(
    `SKIPPED: ${names} could not be installed (${problem ?? 'apt-get brought no such program'}). ${advice}`,
  );
}

function thisMachine(): Machine {
  return {
    find: (program) => findProgram(program),
    isRoot: process.getuid?.() === 0,
    hasApt: findProgram({ names: ['apt-get'], debianPackage: 'apt' }) !== undefined,
    aptGet: runAptGet,
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

/** Gives up soon where there is no network, and where another installation goes on for long. */
const APT_OPTIONS = ['Acquire::Retries=1', 'Acquire::http::Timeout=10', 'DPkg::Lock::Timeout=120'];
const LONGEST_MS = 5 * 60_000;

function runAptGet(args: readonly string[]): string | undefined {
  const options = APT_OPTIONS.flatMap((option) => ['-o', option]);
  const { status, error, stderr } = spawnSync('apt-get', ['-qq', ...options, ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: LONGEST_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split('\n').at(-1) ?? `apt-get ended with ${status}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
