import type { UsedSignature, UsedSignatures } from '../jobs/job-store.ts';

/** Signatures that were used, over restarts. Those of jobs are written with their jobs, by the jobs' own writer. */
export interface SignatureStore {
  /** Those that are accepted at `now` or later, if nobody remembers them. */
  load(now: number): readonly UsedSignature[];
  keep(used: UsedSignatures): Promise<void>;
}
