import type { WaitReason, WorkerState } from '@spillway/protocol';
import { type BackendKind, startsWorkers } from '../endpoints/endpoint.ts';

/** What decides why a queued job still waits. */
export interface WaitInput {
  readonly endpoint: {
    readonly name: string;
    readonly workers: { readonly max: number };
    readonly backends: readonly BackendKind[];
  };
  /** The endpoint's workers; ended ones don't count. */
  readonly workers: readonly WaitedWorker[];
  /** Why workers don't start, if they don't. */
  readonly startProblem?: { readonly message: string } | undefined;
  /** Why no further one can be put on a graphics card, if it needs one. */
  readonly gpuObstacle?: string | undefined;
  /** Why it does not go to RunPod, where it could, as a clause. `BUDGET`: it is not paid for. */
  readonly spillObstacle?: { readonly code: string; readonly message: string } | undefined;
  /** Why workers that cost something get no jobs, as a clause. */
  readonly budgetStop?: string | undefined;
  /** Jobs that will be delivered before this one, where that is known. */
  readonly position?: number | undefined;
  readonly isLowPriority?: boolean;
  /** The endpoint's jobs are not delivered until somebody resumes it. */
  readonly isPaused?: boolean;
  /** Milliseconds until the job may be delivered, where that is still to come, and whether it was tried before. */
  readonly notBefore?: { readonly inMs: number; readonly isRetry: boolean } | undefined;
}

interface WaitedWorker {
  readonly state: WorkerState;
  readonly backend?: BackendKind;
  /** What goes before its start, as a sentence. */
  readonly preparing?: string;
}

/** Waits that money would not end. */
const OWN_WAITS: readonly string[] = ['PAUSED', 'DELAYED', 'RETRY_BACKOFF'];

/** Why a queued job still waits, as its owner should read it. */
export function decideWaitReason(input: WaitInput): WaitReason {
  const { spillObstacle } = input;
  const reason = reasonHere(input);
  if (spillObstacle === undefined) return reason;
  const isUnpaid = spillObstacle.code === 'BUDGET' && !OWN_WAITS.includes(reason.code);
  // Nowhere else to go: all there is to say.
  if (isUnpaid && reason.code === 'SPILLING') return { code: 'BUDGET', message: spillObstacle.message };
  const message = `${reason.message}; ${spillObstacle.message}`;
  return isUnpaid ? { code: 'BUDGET', message } : { ...reason, message };
}

function reasonHere(input: WaitInput): WaitReason {
  const { endpoint, workers, startProblem, isLowPriority = false } = input;
  if (input.isPaused) {
    const message = `the endpoint is paused and delivers no jobs; \`spillway endpoints resume ${endpoint.name}\` ends that`;
    return { code: 'PAUSED', message };
  }
  if (input.notBefore && input.notBefore.inMs > 0) return describeDelay(input.notBefore);
  if (input.budgetStop !== undefined)
    return { code: 'BUDGET', message: `workers here get no jobs: ${input.budgetStop}` };
  const { max } = endpoint.workers;
  const count = (...states: WorkerState[]) => workers.filter(({ state }) => states.includes(state)).length;
  const ahead = describePosition(input.position);
  const busy = count('running', 'outdated');
  const starting = count('initializing');
  if (busy + count('idle') > 0) {
    const verb = busy === 1 ? 'is' : 'are';
    const also = starting > 0 ? `, ${starting} more ${starting === 1 ? 'is' : 'are'} starting` : '';
    const message = `${busy} of ${possibleWorkers(input)} workers ${verb} busy${also}${whyNoMore(input)}${ahead}`;
    return { code: 'WORKERS_BUSY', message };
  }
  if (endpoint.backends.every((kind) => kind === 'runpod')) {
    return { code: 'SPILLING', message: `it is about to go to RunPod${ahead}` };
  }
  if (!startsWorkers(endpoint)) {
    const unwell = count('unhealthy');
    if (unwell > 0) {
      const message = `no worker that is connected takes jobs: ${unwell} ${unwell === 1 ? 'is' : 'are'} unhealthy, \`spillway workers\` says why${ahead}`;
      return { code: 'NO_POOL_WORKERS', message };
    }
    const message = `no worker is connected, and none is started here (backends: [pool]); \`spillway pool env ${endpoint.name}\` shows how one is connected`;
    return { code: 'NO_POOL_WORKERS', message };
  }
  if (max === 0) {
    const fix = `raise endpoints.${endpoint.name}.workers.max in spillway.yaml`;
    return {
      code: 'NO_WORKERS_ALLOWED',
      message: `the endpoint is closed for work (workers.max is 0); ${fix}`,
    };
  }
  if (input.gpuObstacle !== undefined && starting === 0 && !isLowPriority) {
    return { code: 'NO_GPU_MEMORY', message: `no worker starts: ${input.gpuObstacle}${ahead}` };
  }
  if (startProblem) return { code: 'WORKER_CRASH_LOOP', message: startProblem.message };
  if (starting > 0) {
    const preparing = workers.find((worker) => worker.preparing !== undefined)?.preparing;
    const why = preparing === undefined ? '' : `: ${preparing}`;
    return { code: 'WORKER_STARTING', message: `a worker is starting${why}${ahead}` };
  }
  if (isLowPriority) {
    const message =
      'low-priority jobs start no worker: it runs when another job, or workers.min, has started one';
    return { code: 'NO_WORKERS_ALLOWED', message };
  }
  return { code: 'WORKER_STARTING', message: `a worker is about to start${ahead}` };
}

/** Workers that may run at once: those that we would start, and those that have connected. */
function possibleWorkers({ endpoint, workers }: WaitInput): number {
  const connected = workers.filter(({ backend, state }) => backend === 'pool' && state !== 'stopped').length;
  return connected + (startsWorkers(endpoint) ? endpoint.workers.max : 0);
}

/** Worth a word where more workers may run, and none is starting. */
function whyNoMore({ endpoint, workers, gpuObstacle }: WaitInput): string {
  const own = workers.filter(({ backend, state }) => backend !== 'pool' && state !== 'stopped');
  const isStarting = own.some(({ state }) => state === 'initializing');
  if (gpuObstacle === undefined || isStarting || own.length >= endpoint.workers.max) return '';
  return `, and no further one starts: ${gpuObstacle}`;
}

function describeDelay({ inMs, isRetry }: { inMs: number; isRetry: boolean }): WaitReason {
  const when = `in ${Math.ceil(inMs / 1000)} s`;
  return isRetry
    ? { code: 'RETRY_BACKOFF', message: `it failed and is delivered again ${when}` }
    : { code: 'DELAYED', message: `it was submitted with a delay and may be delivered ${when}` };
}

function describePosition(position: number | undefined): string {
  if (position === undefined) return '';
  if (position === 0) return '; no job is ahead';
  return position === 1 ? '; 1 job is ahead' : `; ${position} jobs are ahead`;
}
