import { print, printJson, style } from '../output.ts';
import { durationText, oneLine } from '../text.ts';
import type { CheckResult, CheckStatus } from './check.ts';
import type { SmokeTarget } from './target.ts';

/** Shows a smoke test as it goes: a line a check, and PASSED or FAILED at the end. */
export interface SmokeReport {
  /** How many will come, and the longest name among them. */
  begin(target: SmokeTarget, names: readonly string[]): void;
  result(result: CheckResult): void;
  end(outcome: SmokeOutcome): void;
}

export interface SmokeOutcome {
  readonly target: SmokeTarget;
  /** The worker whose checks these were; absent for one of the user's own. */
  readonly worker: string | undefined;
  readonly results: readonly CheckResult[];
  readonly durationMs: number;
  /** By the user: what has not run is missing from the results. */
  readonly isInterrupted: boolean;
}

const STYLES = {
  INTERRUPTED: 'yellow',
  PASSED: 'green',
  FAILED: 'red',
  SKIPPED: 'yellow',
} as const satisfies Record<CheckStatus | Verdict, string>;
const STATUS_WIDTH = 'SKIPPED'.length;
const LONGEST_DETAIL = 500;

export function createTextReport(): SmokeReport {
  let width = 0;
  return {
    begin(target, names) {
      width = Math.max(...names.map((name) => printable(name).length));
      print(`${style('bold', 'Smoke test')} of ${target.label}\n`);
    },
    result({ name, status, detail }) {
      const text = oneLine(printable(detail), LONGEST_DETAIL);
      const word = style(STYLES[status], status.padEnd(STATUS_WIDTH));
      print(`${word}  ${printable(name).padEnd(width)}  ${status === 'SKIPPED' ? style('dim', text) : text}`);
    },
    end(outcome) {
      const { results, durationMs } = outcome;
      const { passed, failed, skipped } = count(results);
      const verdict = verdictOf(outcome);
      const parts = [
        `${passed} passed`,
        ...(failed > 0 ? [`${failed} failed`] : []),
        ...(skipped > 0 ? [`${skipped} skipped`] : []),
      ];
      print(
        `\n${style(STYLES[verdict], style('bold', verdict))}  ${parts.join(', ')} in ${durationText(durationMs)}`,
      );
    },
  };
}

/** One JSON value at the end. */
export function createJsonReport(): SmokeReport {
  return {
    begin: () => {},
    result: () => {},
    end(outcome) {
      const { target, worker, results, durationMs } = outcome;
      printJson({
        result: verdictOf(outcome),
        target: { kind: target.kind, label: target.label },
        ...(worker === undefined ? {} : { worker }),
        ...count(results),
        durationMs: Math.round(durationMs),
        checks: results,
      });
    },
  };
}

export type Verdict = 'PASSED' | 'FAILED' | 'INTERRUPTED';

/** A test of which nothing passed has shown nothing. */
export function verdictOf({ results, isInterrupted }: SmokeOutcome): Verdict {
  if (isInterrupted) return 'INTERRUPTED';
  const { passed, failed } = count(results);
  return failed === 0 && passed > 0 ? 'PASSED' : 'FAILED';
}

function count(results: readonly CheckResult[]) {
  const of = (wanted: CheckStatus) => results.filter(({ status }) => status === wanted).length;
  return { passed: of('PASSED'), failed: of('FAILED'), skipped: of('SKIPPED') };
}

/** Names of tests and sentences of servers may hold what drives a terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/**
 * Takes secrets out of what is shown: a server may repeat what it was sent. Texts shorter than a secret should be are left,
 * since they would take every other word along.
 */
export function createRedactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const hidden = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= 6);
  return (text) => hidden.reduce((shown, secret) => shown.replaceAll(secret, '[secret]'), text);
}
