import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '1.12.0';
const FOLDER = join(import.meta.dirname, '..', '..', '.cache', `python-runpod-${VERSION}`);

/**
 * Python of an environment that has the official `runpod` package, made on first use and kept in `.cache/`. Undefined,
 * with one visible line that says why, where it can't be had.
 */
export function pythonWithRunpod(): string | undefined {
  const python = join(FOLDER, 'bin', 'python');
  if (has(python)) return python;
  const made = existsSync(python) ? undefined : run('python3', ['-m', 'venv', FOLDER]);
  const reason = made ?? run(python, ['-m', 'pip', 'install', '--quiet', `runpod==${VERSION}`]);
  if (reason === undefined && has(python)) return python;
  console.warn(`SKIPPED: no Python with the runpod package ${VERSION} (${reason ?? 'it does not load'})`);
  return undefined;
}

function has(python: string): boolean {
  return existsSync(python) && run(python, ['-c', 'import runpod']) === undefined;
}

/** Undefined when it went well, else the last line of what it said. */
function run(program: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 240_000 });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`);
}
