import { parseDuration } from '@spillway/gateway/config';
import type { JobSelection } from '@spillway/protocol/v1';
import { wrongUse } from '../cli-error.ts';

/** The filters that several verbs of `jobs` share, as the command line has them. */
export interface SelectionOptions {
  readonly endpoint?: string;
  readonly status?: string;
  readonly tag?: string;
  readonly since?: string;
  readonly until?: string;
}

/** The same as the gateway takes them; times are epoch milliseconds. */
export function selectionOf(options: SelectionOptions, now: number): JobSelection {
  const { endpoint, status, tag, since, until } = options;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    // A wrong one is told by the gateway, with those that there are.
    ...(status === undefined ? {} : { status: stateOf(status) as NonNullable<JobSelection['status']> }),
    ...(tag === undefined ? {} : { tag }),
    ...(since === undefined ? {} : { since: momentOf('--since', since, now) }),
    ...(until === undefined ? {} : { until: momentOf('--until', until, now) }),
  };
}

/** `failed` and `timed-out` are as good as the states' own spelling. */
function stateOf(text: string): string {
  return text.toUpperCase().replaceAll('-', '_');
}

/** A duration is so long ago, anything else a date. */
function momentOf(option: string, text: string, now: number): number {
  const ago = parseDuration(text);
  const at = ago === undefined ? Date.parse(text) : now - ago;
  if (Number.isNaN(at)) {
    throw wrongUse(
      `${option}: expected a time such as 2h (ago), 2026-11-20 or 2026-11-20T08:00Z, found "${text}"`,
    );
  }
  return at;
}
