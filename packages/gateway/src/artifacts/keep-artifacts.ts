import type { DatabaseSync } from 'node:sqlite';
import type { ArtifactStore } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';
import type { Turn } from '../lib/turn.ts';
import { createArtifactRecords } from './artifact-records.ts';
import { type Artifacts, createArtifacts } from './artifacts.ts';
import { createWorkerFileRecords } from './worker-file-records.ts';
import { createWorkerFiles, type WorkerFiles } from './worker-files.ts';

export interface KeptArtifacts {
  /** Those of callers. */
  readonly artifacts: Artifacts;
  /** Those of endpoints' workers. */
  readonly workerFiles: WorkerFiles;
  sweep(): Promise<number>;
}

/** Both kinds of files that a gateway keeps, in one store, with their records in the file of the jobs. */
export function keepArtifacts(
  db: DatabaseSync,
  inTurn: Turn,
  parts: { readonly store: ArtifactStore; readonly clock: Clock; readonly ids: Ids },
): KeptArtifacts {
  const artifacts = createArtifacts({ ...parts, records: createArtifactRecords(db, inTurn) });
  const workerFiles = createWorkerFiles({ ...parts, records: createWorkerFileRecords(db, inTurn) });
  return {
    artifacts,
    workerFiles,
    sweep: async () => (await artifacts.sweep()) + (await workerFiles.sweep()),
  };
}
