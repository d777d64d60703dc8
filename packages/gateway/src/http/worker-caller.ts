import { GatewayError } from '../errors.ts';
import type { PoolClient } from '../fleet/pool-worker.ts';
import { type Call, endpointOf } from './route.ts';

/**
 * The worker that the path names. One that this gateway started speaks for itself only; one from elsewhere is noted in
 * the fleet's pool. Throws FORBIDDEN with the reason.
 */
export function identifyWorker(call: Call): string {
  const { caller, params, parts } = call;
  const endpoint = endpointOf(call);
  const workerId = params.worker ?? '';
  if (caller.workerId !== undefined) {
    if (caller.workerId === workerId) return workerId;
    throw new GatewayError('FORBIDDEN', 'this key belongs to another worker');
  }
  const { keyId, scope } = caller;
  const isAdmin = scope === 'admin';
  const client = () => describeCaller(call);
  const refusal = parts.fleet.pool.admit({ workerId, endpoint, isAdmin, keyId, client });
  if (refusal === undefined) return workerId;
  throw new GatewayError('FORBIDDEN', refusal);
}

/** Pings of RunPod's worker come from another HTTP client than its other calls and name only a version. */
function describeCaller({ reply, query }: Call): PoolClient {
  const { socket, headers } = reply.request;
  const remoteAddress = socket.remoteAddress ?? '';
  const agent = headers['user-agent'];
  const [software] = (agent && /^(RunPod-Python-SDK|Spillway-SDK)\/\S+/.exec(agent)) || [];
  const pinged = query.runpod_version && `RunPod-Python-SDK/${query.runpod_version}`;
  const known = software ?? pinged;
  return known ? { remoteAddress, software: known } : { remoteAddress };
}
