import { createSystemClock } from '@spillway/sdk/clock';
import { createEngineReport } from '../engines/engine-report.ts';
import { openWorkerStore } from '../storage/open-worker-store.ts';
import type { WorkerContext, WorkerInstance } from '../worker-instance.ts';
import { createErgonomicsHandler } from './handler.ts';
import { createPosePeople } from './pose-people.ts';
import { createFollowUpJobs } from './video-jobs/follow-up-jobs.ts';
import { clearDeadScratch } from './video-jobs/scratch.ts';
import { createVideoJobs } from './video-jobs/video-jobs.ts';
import { readVideoSettings } from './video-jobs/video-settings.ts';

/** Scores are made in milliseconds, and a video that is processed leaves room for those who ask how far it is. */
const CONCURRENCY = 4;

/** Starts the ergonomics worker. Models are loaded when the first video comes; nothing else needs them. */
export async function startErgonomics({ env, warn }: WorkerContext): Promise<WorkerInstance> {
  const settings = readVideoSettings(env);
  const clock = createSystemClock();
  const { store, place, fileOf } = await openWorkerStore(env, clock);
  const people = createPosePeople(env, warn);
  const followUps = createFollowUpJobs(env);
  await clearDeadScratch();
  const videos = createVideoJobs({
    ...{ store, fileOf, settings, clock, followUps },
    loadPeople: people.load,
  });
  const report = createEngineReport(() => people.engines());
  return {
    handler: createErgonomicsHandler(videos),
    concurrency: CONCURRENCY,
    info: () => ({
      ...{ worker: 'ergonomics', models: people.models(), engine: report.read() },
      settings: { storage: place, followUpJobs: followUps?.place ?? 'none: jobs stay open', ...settings },
    }),
    async stop() {
      report.stop();
      await people.stop();
    },
  };
}
