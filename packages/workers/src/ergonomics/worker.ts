import { createEngineReport } from '../engines/engine-report.ts';
import type { WorkerInstance } from '../registry.ts';
import { createErgonomicsHandler } from './handler.ts';

/** Jobs are over in milliseconds, so that more of them at once would only wait for each other. */
const CONCURRENCY = 4;

/** Starts the ergonomics worker, which needs no models and no environment. */
export async function startErgonomics(): Promise<WorkerInstance> {
  const report = createEngineReport(() => []);
  return {
    handler: createErgonomicsHandler(),
    concurrency: CONCURRENCY,
    info: () => ({ worker: 'ergonomics', models: [], engine: report.read(), settings: {} }),
    stop: async () => report.stop(),
  };
}
