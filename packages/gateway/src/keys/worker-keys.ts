import { timingSafeEqual } from 'node:crypto';
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
  const byHash = new Map<string, WorkerIdentity & { readonly digest: Buffer }>();
  return {
    issue(identity: WorkerIdentity): string {
      const secret = `spw_${ids.secret(24)}`;
      const digest = sha256(secret);
      byHash.set(digest.toString('hex'), { ...identity, digest });
      return secret;
    },
    revoke(workerId: string): void {
      for (const [hash, identity] of byHash) if (identity.workerId === workerId) byHash.delete(hash);
    },
    find(secret: string): WorkerIdentity | undefined {
      const digest = sha256(secret);
      const found = byHash.get(digest.toString('hex'));
      return found && timingSafeEqual(found.digest, digest) ? found : undefined;
    },
  };
}
