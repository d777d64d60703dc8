import type { WorkerState } from '@spillway/protocol';
import { type BackendKind, type Endpoint, startsWorkers } from '../endpoints/endpoint.ts';
import type { LocalView } from './decide-route.ts';

/** What the backends here can do for an endpoint, as its fleet is now. Pure. */
export function viewLocal({
  endpoint,
  workers,
  startProblem,
  gpuObstacle,
}: {
  readonly endpoint: Pick<Endpoint, 'backends' | 'workers'>;
  readonly workers: readonly {
    readonly state: WorkerState;
    readonly backend?: BackendKind;
    readonly jobs: number;
  }[];
  /** Why workers don't start, if they don't. */
  readonly startProblem?: { readonly message: string } | undefined;
  /** Why none can be put on a graphics card, if it needs one. */
  readonly gpuObstacle?: string | undefined;
}): LocalView {
  if (endpoint.backends.every((kind) => kind === 'runpod')) return { type: 'none' };
  const working = workers.filter(({ state }) => state === 'idle' || state === 'running');
  if (working.length > 0) {
    const free = working.filter(({ state, jobs }) => state === 'idle' && jobs === 0);
    return { type: 'able', freeHands: free.length };
  }
  if (!startsWorkers(endpoint)) return { type: 'unable', why: 'no worker is connected' };
  if (endpoint.workers.max === 0) return { type: 'unable', why: 'no worker may start (workers.max is 0)' };
  if (startProblem) return { type: 'unable', why: startProblem.message };
  if (gpuObstacle !== undefined) return { type: 'unable', why: gpuObstacle };
  return { type: 'able', freeHands: 0 };
}
