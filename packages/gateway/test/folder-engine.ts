import path from 'node:path';
import { createDiskStore } from '@spillway/artifacts';
import { createSystemClock } from '@spillway/sdk/clock';
import { openDatabase } from '../src/db/open.ts';
import { createJobEngine } from '../src/jobs/engine.ts';
import type { ValueBytes } from '../src/jobs/large-values/large-values.ts';
import type { Submission } from '../src/jobs/queue.ts';
import { createThreadWriter } from '../src/jobs/sqlite/writer.ts';
import { createRandomIds } from '../src/lib/ids.ts';

interface Hooks {
  beforePut?(key: string): void;
  afterPut?(key: string): void;
  /** How far its clock is ahead. */
  readonly aheadMs?: number;
}

/** A job engine on real files: rows in `jobs.db`, large values in `artifacts`. */
export function openFolderEngine(folder: string, { beforePut, afterPut, aheadMs = 0 }: Hooks = {}) {
  const system = createSystemClock();
  const clock = { ...system, now: () => system.now() + aheadMs };
  const ids = createRandomIds();
  const store = createDiskStore({ folder: path.join(folder, 'artifacts'), secret: 's', clock, ids });
  const valueBytes: ValueBytes = {
    ...store,
    async put(key, body, description) {
      beforePut?.(key);
      const info = await store.put(key, body, description);
      afterPut?.(key);
      return info;
    },
  };
  const file = path.join(folder, 'jobs.db');
  const engine = createJobEngine({
    ...{ db: openDatabase(file), writer: createThreadWriter(file), clock, ids, valueBytes },
    ...{ endpoints: ['echo'], cancelGraceMs: () => 0, retentionMs: 1_800_000, onOverdueWorker: () => {} },
    onError: (error) => {
      throw error;
    },
  });
  const submission: Submission = {
    ...{ endpoint: 'echo', input: '{}', isLowPriority: false, executionTimeoutMs: 600_000 },
    ...{ ttlMs: 86_400_000, limits: { workerLost: 1, handlerError: 0 }, isSync: false },
  };
  return { engine, store, submission };
}
