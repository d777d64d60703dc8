/**
 * One line of a smoke test. A check answers what it saw, or ends with `CheckFailed` or `CheckSkipped`; what else it throws
 * counts as failed too, with its message.
 */
export interface Check {
  readonly name: string;
  /** `signal` aborts when the user has had enough. */
  run(signal: AbortSignal): Promise<string>;
}

export type CheckStatus = 'PASSED' | 'FAILED' | 'SKIPPED';

export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was seen, or why it failed or was skipped. */
  readonly detail: string;
  readonly ms: number;
}

/** The message is the reason, for people. */
export class CheckFailed extends Error {
  override readonly name: string = 'CheckFailed';
}

/** Nothing answers at all: the checks that follow could only fail the same way, each after a long wait. */
export class NothingAnswers extends CheckFailed {
  override readonly name = 'NothingAnswers';
}

/** It can't be checked here; the message says why. */
export class CheckSkipped extends Error {
  override readonly name = 'CheckSkipped';
}

export interface RunChecksOptions {
  readonly signal: AbortSignal;
  readonly onResult: (result: CheckResult) => void;
  /** Milliseconds, of any beginning. */
  readonly now: () => number;
}

/** Runs them one after the other; an interruption leaves out what has not run. */
export async function runChecks(checks: readonly Check[], options: RunChecksOptions): Promise<CheckResult[]> {
  const { signal, onResult, now } = options;
  const results: CheckResult[] = [];
  let isAnswered = true;
  for (const check of checks) {
    if (signal.aborted) break;
    const startedAt = now();
    const end: CheckEnd | undefined = isAnswered
      ? await endOf(check, signal)
      : skipped('not tried, after what is said above');
    if (end === undefined) break;
    isAnswered &&= !end.isFatal;
    const result: CheckResult = {
      name: check.name,
      status: end.status,
      detail: end.detail,
      ms: Math.round(now() - startedAt),
    };
    results.push(result);
    onResult(result);
  }
  return results;
}

interface CheckEnd {
  readonly status: CheckStatus;
  readonly detail: string;
  readonly isFatal: boolean;
}

/** Undefined for a check that was interrupted: it says nothing. */
async function endOf(check: Check, signal: AbortSignal): Promise<CheckEnd | undefined> {
  try {
    return { status: 'PASSED', detail: await check.run(signal), isFatal: false };
  } catch (error) {
    if (signal.aborted) return undefined;
    const detail = error instanceof Error ? error.message : String(error);
    if (error instanceof CheckSkipped) return skipped(detail);
    return { status: 'FAILED', detail, isFatal: error instanceof NothingAnswers };
  }
}

const skipped = (detail: string): CheckEnd => ({ status: 'SKIPPED', detail, isFatal: false });
