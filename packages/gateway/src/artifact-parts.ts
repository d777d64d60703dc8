import type { DatabaseSync } from 'node:sqlite';
import type { ArtifactStore } from '@spillway/artifacts';
import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import type { Logger } from 'pino';
import { type ArtifactLedger, createArtifactLedger } from './artifacts/artifact-ledger.ts';
import { createArtifactRecords } from './artifacts/artifact-records.ts';
import { createArtifacts } from './artifacts/artifacts.ts';
import { openArtifactStore } from './artifacts/open-store.ts';
import { createSweepLoop } from './artifacts/sweep-loop.ts';
import { createWorkerFileRecords } from './artifacts/worker-file-records.ts';
import { createWorkerFiles } from './artifacts/worker-files.ts';
import type { GatewayConfig } from './config/index.ts';
import { readValueUsage } from './jobs/sqlite/value-rows.ts';
import { createUploadTokens } from './keys/upload-tokens.ts';
import type { Ids } from './lib/ids.ts';
import type { Turn } from './lib/turn.ts';

interface ArtifactPartsOptions {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Writes when the job store does not. */
  readonly exclusive: Turn;
  readonly ledger: ArtifactLedger;
  /** Deletes values of jobs that are gone. */
  sweepValues(): Promise<number>;
}

export type ArtifactParts = ReturnType<typeof createArtifactParts>;

/** Opened before anything else is: what is missing in its settings ends the start. */
export function openStoreOf(options: {
  readonly config: GatewayConfig;
  readonly hostEnv?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly ids: Ids;
}): Promise<ArtifactStore> {
  const { config, hostEnv: env = process.env, clock = createSystemClock(), ids } = options;
  return openArtifactStore({ env, dataDir: config.dataDir, clock, ids });
}

/** What is kept already, of artifacts, files of workers and large values of jobs, under the bounds of all. */
export function openLedger(db: DatabaseSync, { artifacts: { quota } }: GatewayConfig): ArtifactLedger {
  const values = readValueUsage(db).map((one) => ({ ...one, bytes: one.valueBytes }));
  const files = createWorkerFileRecords(db).usage();
  return createArtifactLedger([...createArtifactRecords(db).usage(), ...files, ...values], quota);
}

/** The part of the composition root that keeps files: artifacts, tokens of pages that upload them, and what sweeps both. */
export function createArtifactParts(db: DatabaseSync, store: ArtifactStore, options: ArtifactPartsOptions) {
  const { config, log, clock, ids, exclusive, ledger, sweepValues } = options;
  const records = createArtifactRecords(db, exclusive);
  const fileRecords = createWorkerFileRecords(db, exclusive);
  const limits = config.artifacts;
  const artifacts = createArtifacts({ store, records, clock, ids, limits, ledger });
  const uploadTokens = createUploadTokens(db, { clock, ids, inTurn: exclusive });
  const { retentionMs } = limits;
  const workerFiles = createWorkerFiles({ store, records: fileRecords, ledger, clock, retentionMs });
  const sweep = async () =>
    (await uploadTokens.sweep()) +
    (await artifacts.sweep()) +
    (await workerFiles.sweep()) +
    (await sweepValues());
  return { artifacts, workerFiles, uploadTokens, sweeping: createSweepLoop({ clock, sweep, log }) };
}
