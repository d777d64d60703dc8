/** What a command's end says to the shell; documented in `spillway --help`. */
export const EXIT = { ok: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that its user can mend: shown as its sentence, never with a stack trace. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** Stable, for programs that read `--json`. */
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The command line itself asks for something that cannot be. */
export function wrongUse(message: string): CliError {
  return new CliError('WRONG_USE', message, EXIT.wrongUse);
}
