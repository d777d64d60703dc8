import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from 'pino';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import type { JobEngine } from '../jobs/engine.ts';
import type { Ids } from '../lib/ids.ts';
import { JobSignatures } from './job-signatures.ts';
import { createSqliteSignatureStore } from './sqlite/sqlite-signature-store.ts';

export interface GatewaySignaturesOptions {
  /** The file of the jobs. */
  readonly db: DatabaseSync;
  readonly engine: Pick<JobEngine, 'queue' | 'exclusive'>;
  readonly endpoints: EndpointDirectory;
  readonly ids: Ids;
  readonly log: Logger;
}

/** Those of a gateway; none where no endpoint has anything to verify or to sign with. */
export function createJobSignatures(options: GatewaySignaturesOptions): JobSignatures | undefined {
  const { db, engine, endpoints, ids, log } = options;
  const signing = [...endpoints].filter((endpoint) => endpoint.signing);
  if (signing.length === 0) return undefined;
  for (const { name, signing: rules } of signing)
    if (rules?.secrets.length === 0)
      log.warn({ endpoint: name }, 'hmac is true and EMBEDDING_HMAC_SECRET is not set: no job is accepted');
  return new JobSignatures({
    endpoints,
    queue: engine.queue,
    store: createSqliteSignatureStore(db, engine.exclusive),
    wallTime: Date.now,
    newNonce: () => ids.secret(16),
    onRefused: (endpoint, reason) => log.warn({ endpoint, reason }, 'refused a signature'),
  });
}
