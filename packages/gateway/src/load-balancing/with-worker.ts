import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { Affinity } from './affinity.ts';
import { WorkerRefusedError } from './forward-request.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Permit, RequestOutcome } from './request-line.ts';

export interface WorkerUse {
  readonly loadBalancer: LoadBalancer;
  readonly clock: Clock;
  readonly endpoint: string;
  readonly affinity: Affinity;
  /** How long a worker may take for the request. */
  readonly requestTimeoutMs: number;
  /** Aborts when the client hangs up. */
  readonly left: AbortSignal;
}

type Use = (permit: Permit, signal: AbortSignal) => Promise<RequestOutcome>;

/** Workers that refuse the connection, one after the other, until it is the endpoint that seems wrong. */
const MAX_REFUSALS = 3;

/**
 * Waits for a worker, has `use` do its part within the time that one request may take, and gives the worker back. A
 * worker that turns out to be dead before anything was sent is replaced by the next. Rejects with a GatewayError, the
 * signal's reason, or what `use` threw.
 */
export async function withWorker(options: WorkerUse, use: Use): Promise<void> {
  const { loadBalancer, endpoint, affinity, left } = options;
  for (let refusals = 1; ; refusals += 1) {
    const permit = await loadBalancer.enter(endpoint, affinity, left);
    try {
      await useWorker(options, permit, use);
      return;
    } catch (error) {
      if (!(error instanceof WorkerRefusedError)) throw error;
      if (refusals < MAX_REFUSALS) continue;
      const message = `the worker does not listen on its port, which the variable PORT names (${error.message})`;
      throw new GatewayError('WORKER_UNREACHABLE', message, { cause: error });
    }
  }
}

/** A reason that costs nothing: without one, each abort makes an error with its stack. */
const OVER = 'over';

async function useWorker(options: WorkerUse, permit: Permit, use: Use): Promise<void> {
  const { loadBalancer, clock, requestTimeoutMs, left } = options;
  const over = new AbortController();
  const ended = new AbortController();
  const leave = () => ended.abort(left.reason);
  left.addEventListener('abort', leave, { once: true, signal: over.signal });
  if (left.aborted) leave();
  void clock.sleep(requestTimeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) ended.abort(timedOut(requestTimeoutMs));
  });
  let outcome: RequestOutcome = 'failed';
  try {
    outcome = await use(permit, ended.signal);
  } catch (error) {
    if (left.aborted || isClients(error)) outcome = 'abandoned';
    else if (error instanceof WorkerRefusedError) outcome = 'refused';
    throw error;
  } finally {
    over.abort(OVER);
    if (outcome === 'failed' || outcome === 'refused') loadBalancer.suspect(permit.workerId);
    permit.release(outcome);
  }
}

function isClients(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'PAYLOAD_TOO_LARGE';
}

function timedOut(limitMs: number): GatewayError {
  return new GatewayError(
    'REQUEST_TIMEOUT',
    `the worker did not finish the request within ${limitMs / 1000} s (the endpoint's requestTimeout)`,
  );
}
