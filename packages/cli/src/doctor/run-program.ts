import { execFile } from 'node:child_process';

export interface ProgramAnswer {
  readonly isOk: boolean;
  /** The program could not be started at all. */
  readonly isAbsent: boolean;
  readonly output: string;
}

const PATIENCE_MS = 15_000;

/** Runs a program without a shell and keeps what it printed; never throws. */
export function runProgram(program: string, args: readonly string[]): Promise<ProgramAnswer> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      const isAbsent = error !== null && 'code' in error && error.code === 'ENOENT';
      resolve({ isOk: error === null, isAbsent, output: (error ? `${stderr}\n${stdout}` : stdout).trim() });
    });
  });
}
