import type { Ids } from '../lib/ids.ts';
import { sha256 } from './key-store.ts';

export interface WorkerIdentity {
  readonly workerId: string;
  readonly endpoint: string;
}

export type WorkerKeys = ReturnType<typeof createWorkerKeys>;

/**
 * Keys of the workers that this gateway starts: one each, good for that worker's own routes and nothing else. They
 * live in memory only, since such a worker never outlives its gateway.
 */
export function createWorkerKeys(ids: Ids) {
  const byHash = new Map<string, WorkerIdentity>();
  return {
    issue(identity: WorkerIdentity): string {
      const secret = `spw_${ids.secret(24)}`;
      byHash.set(sha256(secret).hex, identity);
      return secret;
    },
    revoke(workerId: string): void {
      for (const [hash, identity] of byHash) if (identity.workerId === workerId) byHash.delete(hash);
    },
    /** The look-up is by hash, so its time tells nothing of other secrets. */
    find: (secret: string): WorkerIdentity | undefined => byHash.get(sha256(secret).hex),
  };
}
