import type { JobFailure } from '@spillway/protocol';
import type { ErrorReport } from '../jobs/job-machine.ts';

/** What a final status there means for the attempt. */
export type RemoteOutcome =
  | { readonly type: 'completed'; readonly output: string | undefined }
  | { readonly type: 'failed'; readonly report: ErrorReport }
  /** No fault of the handler: it comes home, and counts as a lost worker does. */
  | { readonly type: 'lost'; readonly failure: JobFailure };

/** RunPod's words for a worker that took the job and was never heard of again. */
const WORKER_GONE = 'job timed out after';
const TIMED_OUT = 'executionTimeout exceeded';

/** Undefined for a status that is not final. Pure. */
export function remoteOutcome(
  slices: ReadonlyMap<string, string>,
  value: Readonly<Record<string, unknown>>,
): RemoteOutcome | undefined {
  switch (value.status) {
    case 'COMPLETED':
      return { type: 'completed', output: slices.get('output') };
    case 'FAILED':
      return failed(slices, value.error);
    case 'TIMED_OUT':
      return lost('LEASE_EXPIRED', 'RunPod gave it up: TIMED_OUT', value.error);
    case 'CANCELLED':
      return lost('WORKER_CRASHED', 'somebody cancelled it at RunPod', undefined);
    default:
      return undefined;
  }
}

function failed(slices: ReadonlyMap<string, string>, said: unknown): RemoteOutcome {
  const error =
    typeof said === 'string' ? said : (slices.get('error') ?? 'it failed at RunPod without a word why');
  if (error.startsWith(WORKER_GONE)) return lost('WORKER_CRASHED', 'its worker at RunPod was lost', error);
  const output = slices.get('output');
  return {
    type: 'failed',
    report: {
      error,
      ...(output === undefined ? {} : { output }),
      ...(error.startsWith(TIMED_OUT) ? { failureType: 'EXECUTION_TIMEOUT' as const } : {}),
    },
  };
}

function lost(type: 'LEASE_EXPIRED' | 'WORKER_CRASHED', what: string, said: unknown): RemoteOutcome {
  return { type: 'lost', failure: { type, message: typeof said === 'string' ? `${what} (${said})` : what } };
}
