import { join } from 'node:path';
import { type CachedProgram, findCached } from '../../packages/artifacts/test/cached-program.ts';

const PACKAGE = 'runpod==1.12.0';
/** Python of an environment that has the official SDK. */
export const PYTHON_WITH_RUNPOD: CachedProgram = {
  title: `Python with ${PACKAGE}`,
  folder: 'python-runpod-1.12.0',
  program: 'bin/python',
  steps(into) {
    const python = join(into, 'bin/python');
    return [
      { command: ['python3', '-m', 'venv', into] },
      { command: [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE] },
      { command: [python, '-c', 'import runpod'] },
    ];
  },
};

/** Undefined, with one visible line, where it is not there. */
export const pythonWithRunpod = (): string | undefined => findCached(PYTHON_WITH_RUNPOD);
