import type { EndedAttempt, Transition } from '../jobs/job-machine.ts';
import { type Breaker, type BreakerRules, CLOSED, decideAdmission, nextBreaker } from './breaker.ts';
import { isRemoteWorker } from './remote-worker.ts';

/**
 * The circuit breaker of an endpoint's workers here: it opens when they take jobs and don't end them, because they die,
 * fall silent or let their time run out. What they answer, errors of handlers too, says that they work. After a pause one
 * job is theirs on trial.
 */
export type LocalGuard = ReturnType<typeof createLocalGuard>;

export const LOCAL_RULES: BreakerRules = {
  // Longer than most execution timeouts, by which a hanging worker is found.
  windowMs: 3_600_000,
  minFailures: 2,
  failureShare: 0.5,
  slowMs: Number.POSITIVE_INFINITY,
  openMs: 5_000,
  longestOpenMs: 120_000,
};

export function createLocalGuard(now: () => number) {
  let breaker: Breaker = CLOSED;
  let openedAt = Number.NEGATIVE_INFINITY;
  let trial: string | undefined;
  /** Whose attempt came to nothing last: a job that kills its workers says nothing of them when it does it again. */
  let lastVain: string | undefined;

  function move(event: Parameters<typeof nextBreaker>[1]): void {
    const next = nextBreaker(breaker, event, now(), LOCAL_RULES);
    if (breaker.state !== 'open' && next.state === 'open') openedAt = now();
    breaker = next;
  }

  /** The breaker as time has left it: after its pause the next job is one on trial. */
  function current(): Breaker {
    if (decideAdmission(breaker, now()) === 'probe') move({ type: 'health' });
    return breaker;
  }

  function noteEnd(jobId: string, ended: EndedAttempt): void {
    const { type, problem } = verdictOf(ended);
    const wasTrial = trial === jobId;
    if (wasTrial) trial = undefined;
    if (type === 'nothing') {
      if (wasTrial) move({ type: 'trial-void' });
      return;
    }
    // What began before it opened tells nothing new.
    if (breaker.state !== 'closed' && ended.startedAt < openedAt) return;
    if (type === 'works') {
      lastVain = undefined;
      if (breaker.state === 'open') breaker = CLOSED;
      else move({ type: 'called', latencyMs: 0 });
      return;
    }
    if (lastVain === jobId && !wasTrial) return;
    lastVain = jobId;
    move({ type: 'called', latencyMs: 0, problem });
  }

  return {
    note({ before, after, endedAttempt }: Transition): void {
      if (endedAttempt) {
        if (!isRemoteWorker(endedAttempt.workerId)) noteEnd(before.id, endedAttempt);
        return;
      }
      const taker = before.lease ? undefined : after.lease?.workerId;
      if (taker === undefined || isRemoteWorker(taker)) return;
      if (breaker.state !== 'half-open' || breaker.hasTrial) return;
      trial = after.id;
      move({ type: 'trial' });
    },
    /** Why workers here get no jobs, as a clause; undefined while they do, if only one on trial. */
    problem(): string | undefined {
      const one = current();
      if (one.state === 'closed' || (one.state === 'half-open' && !one.hasTrial)) return undefined;
      return one.reason;
    },
    /** A job would be on trial here. */
    wantsTrial(): boolean {
      const one = current();
      return one.state === 'half-open' && !one.hasTrial;
    },
    /** When time alone will let the next one try: always to come, since whoever waits for it would wait again and again. */
    nextTrialAt(): number | undefined {
      const one = current();
      return one.state === 'open' ? one.until : undefined;
    },
  };
}

function verdictOf({ outcome, failure }: EndedAttempt): {
  readonly type: 'works' | 'vain' | 'nothing';
  readonly problem?: string;
} {
  if (outcome === 'completed' || outcome === 'failed') return { type: 'works' };
  if (outcome === 'lost') {
    const said = failure?.message.split('\n')[0];
    return { type: 'vain', problem: `workers here are lost with their jobs${said ? ` (${said})` : ''}` };
  }
  if (failure?.type === 'EXECUTION_TIMEOUT')
    return { type: 'vain', problem: 'workers here let their jobs run out of time (executionTimeout)' };
  return { type: 'nothing' };
}
