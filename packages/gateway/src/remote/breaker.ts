/**
 * A circuit breaker as data and one pure function. Closed, everything goes through and its outcomes are counted; once
 * too many of the last ones failed or were slow, or the backend says itself that it is not well, it opens: nothing goes
 * through for a while, then its health is asked for, then one job is let through on trial. A success closes it, a failure
 * opens it for twice as long.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly recent: readonly Outcome[] }
  | { readonly state: 'open'; readonly until: number; readonly openings: number; readonly reason: string }
  | {
      readonly state: 'half-open';
      readonly hasTrial: boolean;
      readonly openings: number;
      readonly reason: string;
    };

interface Outcome {
  readonly at: number;
  readonly problem: string | undefined;
}

export type BreakerEvent =
  /** A call was answered, or was not: then `problem` says how, as a clause. */
  | { readonly type: 'called'; readonly latencyMs: number; readonly problem?: string | undefined }
  /** The backend was asked for its health. */
  | { readonly type: 'health'; readonly problem?: string | undefined }
  /** The one job on trial has gone out. */
  | { readonly type: 'trial' }
  /** It came back without an answer that tells anything. */
  | { readonly type: 'trial-void' };

export interface BreakerRules {
  /** Older outcomes don't count. */
  readonly windowMs: number;
  /** It opens after so many failures, if they are at least `failureShare` of the calls. */
  readonly minFailures: number;
  readonly failureShare: number;
  /** A call that took longer counts as failed. */
  readonly slowMs: number;
  /** How long it stays open the first time, and at most. */
  readonly openMs: number;
  readonly longestOpenMs: number;
}

export const BREAKER_RULES: BreakerRules = {
  windowMs: 60_000,
  minFailures: 3,
  failureShare: 0.5,
  slowMs: 20_000,
  openMs: 5_000,
  longestOpenMs: 120_000,
};

const MOST_OUTCOMES = 64;

export const CLOSED: Breaker = { state: 'closed', recent: [] };

/** What may go through now: everything, one job on trial, nothing, or first a question for its health. */
export function decideAdmission(breaker: Breaker, now: number): 'all' | 'one' | 'none' | 'probe' {
  if (breaker.state === 'closed') return 'all';
  if (breaker.state === 'open') return now >= breaker.until ? 'probe' : 'none';
  return breaker.hasTrial ? 'none' : 'one';
}

export function nextBreaker(
  breaker: Breaker,
  event: BreakerEvent,
  now: number,
  rules: BreakerRules = BREAKER_RULES,
): Breaker {
  switch (breaker.state) {
    case 'closed':
      return whileClosed(breaker.recent, event, now, rules);
    case 'open':
      // Late answers to calls from before tell nothing new.
      if (event.type !== 'health' || now < breaker.until) return breaker;
      if (event.problem !== undefined) return opened(breaker.openings + 1, event.problem, now, rules);
      return { state: 'half-open', hasTrial: false, openings: breaker.openings, reason: breaker.reason };
    case 'half-open': {
      if (event.type === 'trial') return { ...breaker, hasTrial: true };
      if (event.type === 'trial-void') return { ...breaker, hasTrial: false };
      const problem = problemOf(event, rules);
      if (problem !== undefined) return opened(breaker.openings + 1, problem, now, rules);
      return event.type === 'called' ? CLOSED : breaker;
    }
  }
}

function whileClosed(
  known: readonly Outcome[],
  event: BreakerEvent,
  now: number,
  rules: BreakerRules,
): Breaker {
  if (event.type === 'trial' || event.type === 'trial-void') return { state: 'closed', recent: known };
  const problem = problemOf(event, rules);
  if (event.type === 'health')
    return problem === undefined ? { state: 'closed', recent: known } : opened(0, problem, now, rules);
  const recent = [...known, { at: now, problem }]
    .filter(({ at }) => at > now - rules.windowMs)
    .slice(-MOST_OUTCOMES);
  const failures = recent.filter((one) => one.problem !== undefined).length;
  const isTooMany = failures >= rules.minFailures && failures >= recent.length * rules.failureShare;
  return isTooMany && problem !== undefined ? opened(0, problem, now, rules) : { state: 'closed', recent };
}

function problemOf(event: BreakerEvent, { slowMs }: BreakerRules): string | undefined {
  if (event.type !== 'called' && event.type !== 'health') return undefined;
  if (event.problem !== undefined) return event.problem;
  if (event.type === 'health' || event.latencyMs <= slowMs) return undefined;
  return `it took ${Math.round(event.latencyMs / 1000)} s to answer`;
}

function opened(openings: number, reason: string, now: number, rules: BreakerRules): Breaker {
  const pauseMs = Math.min(rules.longestOpenMs, rules.openMs * 2 ** Math.min(openings, 20));
  return { state: 'open', until: now + pauseMs, openings, reason };
}
