import { CliError, EXIT } from '../cli-error.ts';
import { note } from '../output.ts';

/** Ctrl-C leaves what has come, and says so; a second one ends at once. */
export function onInterrupt(sentence: string): { readonly signal: AbortSignal; stop(): void } {
  const aborter = new AbortController();
  const onSignal = () => {
    if (aborter.signal.aborted) process.exit(EXIT.interrupted);
    note(`\n${sentence}`);
    aborter.abort(new CliError('INTERRUPTED', 'interrupted', EXIT.interrupted));
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
