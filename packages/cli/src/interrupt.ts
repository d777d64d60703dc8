import { CliError, EXIT } from './cli-error.ts';

export interface Interrupt {
  /** Aborts with an error that ends the command as interrupted. */
  readonly signal: AbortSignal;
  /** Signals are no longer listened to. */
  stop(): void;
}

/**
 * The first Ctrl-C, or a SIGTERM, tells what now happens and lets the command end in order; a second one ends it at once.
 * `hint` is what its error says besides.
 */
export function onInterrupt(tell: () => void, hint?: string): Interrupt {
  const aborter = new AbortController();
  const onSignal = () => {
    if (aborter.signal.aborted) process.exit(EXIT.interrupted);
    tell();
    const message = hint === undefined ? 'interrupted' : `interrupted; ${hint}`;
    aborter.abort(new CliError('INTERRUPTED', message, EXIT.interrupted));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: aborter.signal,
    stop() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
