import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { type KeyStore, type Scope, sha256 } from '../keys/key-store.ts';
import type { WorkerKeys } from '../keys/worker-keys.ts';

/** Who calls: a key of some scope, or one of our own workers. */
export interface Caller {
  readonly scope: Scope;
  /** Absent: all endpoints. */
  readonly endpoints?: readonly string[];
  /** Which key it is, for limits and idempotency; absent for a worker of ours. */
  readonly keyId?: string;
  /** Set for a worker that this gateway started: it speaks for itself only. */
  readonly workerId?: string;
}

export type Authenticate = (header: string | undefined) => Caller;

/** Reads `Authorization: Bearer <key>` or the raw key. Throws UNAUTHORIZED. */
export function createAuthenticator(options: {
  adminKey: string;
  keys: KeyStore;
  workerKeys: WorkerKeys;
}): Authenticate {
  const adminDigest = sha256(options.adminKey);
  return (header) => {
    const secret = (header ?? '').replace(/^bearer\s+/i, '').trim();
    if (secret === '') throw new GatewayError('UNAUTHORIZED', 'no token provided');
    if (timingSafeEqual(sha256(secret), adminDigest)) return { scope: 'admin', keyId: 'admin' };
    const worker = options.workerKeys.find(secret);
    if (worker) return { scope: 'worker', endpoints: [worker.endpoint], workerId: worker.workerId };
    const key = options.keys.find(secret);
    if (key) {
      if (options.keys.isExpired(key)) throw new GatewayError('UNAUTHORIZED', 'this api key has expired');
      options.keys.noteUse(key);
      const { id: keyId, scope, endpoints } = key;
      return endpoints ? { keyId, scope, endpoints } : { keyId, scope };
    }
    throw new GatewayError('UNAUTHORIZED', 'invalid api key');
  };
}

/** Whether the caller's key is for this endpoint; of others it learns nothing. */
export function maySee(caller: Caller, endpoint: string): boolean {
  return caller.endpoints === undefined || caller.endpoints.includes(endpoint);
}

/** What a route asks of its caller; an admin may do everything. */
export function authorize(caller: Caller, allowed: readonly Scope[], endpoint: string | undefined): void {
  if (caller.scope !== 'admin' && !allowed.includes(caller.scope)) {
    throw new GatewayError(
      'FORBIDDEN',
      `this key has the scope ${caller.scope}; the operation needs ${[...allowed, 'admin'].join(' or ')}`,
    );
  }
  // The same answer as for an endpoint that does not exist, so that a key learns nothing of others.
  if (endpoint !== undefined && !maySee(caller, endpoint)) {
    throw new GatewayError('ENDPOINT_NOT_FOUND', 'endpoint not found');
  }
}
