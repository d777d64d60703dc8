import { GatewayError } from '../errors.ts';
import type { PoolCall } from '../fleet/pool.ts';
import { type Call, endpointOf } from './route.ts';

/** A worker that is turned away asks again at once, and RunPod's own for ever: its answer takes a while. */
const REFUSAL_HOLD_MS = 1_000;

/**
 * The worker that the path names. One that this gateway started speaks for itself only; one from elsewhere is noted in
 * the fleet's pool. Throws FORBIDDEN with the reason.
 */
export async function identifyWorker(call: Call): Promise<string> {
  const { caller, params, parts } = call;
  const endpoint = endpointOf(call);
  const workerId = params.worker ?? '';
  if (caller.workerId !== undefined) {
    if (caller.workerId === workerId) return workerId;
    throw new GatewayError('FORBIDDEN', 'this key belongs to another worker');
  }
  const { keyId, scope } = caller;
  const isAdmin = scope === 'admin';
  const refusal = parts.fleet.pool.admit({
    workerId,
    endpoint,
    isAdmin,
    ...(keyId === undefined ? {} : { keyId }),
    ...describeCaller(call),
  });
  if (refusal === undefined) return workerId;
  await parts.clock.sleep(REFUSAL_HOLD_MS, call.signal);
  throw new GatewayError('FORBIDDEN', refusal);
}

/** Pings of RunPod's worker come from another HTTP client than its other calls and name only a version. */
function describeCaller({ reply, query }: Call): Pick<PoolCall, 'remoteAddress' | 'software'> {
  const { ip, headers } = reply.request;
  const [software] = /^(RunPod-Python-SDK|Spillway-SDK)\/\S+/.exec(headers['user-agent'] ?? '') ?? [];
  const pinged = query.runpod_version && `RunPod-Python-SDK/${query.runpod_version}`;
  const known = software ?? pinged;
  return { remoteAddress: ip, ...(known ? { software: known } : {}) };
}
