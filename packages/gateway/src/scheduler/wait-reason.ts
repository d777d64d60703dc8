import type { WaitReason, WorkerState } from '@spillway/protocol';

/** What decides why a queued job still waits. */
export interface WaitInput {
  readonly endpoint: { readonly name: string; readonly workers: { readonly max: number } };
  /** The endpoint's workers; ended ones don't count. */
  readonly workers: readonly { readonly state: WorkerState }[];
  /** Why workers don't start, if they don't. */
  readonly startProblem?: { readonly message: string } | undefined;
  /** Jobs that will be delivered before this one, where that is known. */
  readonly position?: number | undefined;
  readonly isLowPriority?: boolean;
}

/** Why a queued job still waits, as its owner should read it. */
export function decideWaitReason(input: WaitInput): WaitReason {
  const { endpoint, workers, startProblem, isLowPriority = false } = input;
  const { max } = endpoint.workers;
  const count = (...states: WorkerState[]) => workers.filter(({ state }) => states.includes(state)).length;
  const ahead = describePosition(input.position);
  const busy = count('running', 'outdated');
  const starting = count('initializing');
  if (busy + count('idle') > 0) {
    const verb = busy === 1 ? 'is' : 'are';
    const also = starting > 0 ? `, ${starting} more ${starting === 1 ? 'is' : 'are'} starting` : '';
    return { code: 'WORKERS_BUSY', message: `${busy} of ${max} workers ${verb} busy${also}${ahead}` };
  }
  if (max === 0) {
    const fix = `raise endpoints.${endpoint.name}.workers.max in spillway.yaml`;
    return {
      code: 'NO_WORKERS_ALLOWED',
      message: `the endpoint is closed for work (workers.max is 0); ${fix}`,
    };
  }
  if (startProblem) return { code: 'WORKER_CRASH_LOOP', message: startProblem.message };
  if (starting > 0) return { code: 'WORKER_STARTING', message: `a worker is starting${ahead}` };
  if (isLowPriority) {
    const message =
      'low-priority jobs start no worker: it runs when another job, or workers.min, has started one';
    return { code: 'NO_WORKERS_ALLOWED', message };
  }
  return { code: 'WORKER_STARTING', message: `a worker is about to start${ahead}` };
}

function describePosition(position: number | undefined): string {
  if (position === undefined) return '';
  if (position === 0) return '; no job is ahead';
  return position === 1 ? '; 1 job is ahead' : `; ${position} jobs are ahead`;
}
