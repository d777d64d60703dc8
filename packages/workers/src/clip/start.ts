import { SpareThread } from '../engines/spare-thread.ts';
import type { WorkerContext, WorkerInstance } from '../worker-instance.ts';

/**
 * Starts the clip worker of a process: the thread of its largest model first, so that it loads beside the worker's own
 * code. Further threads at this point would only take their time from those two.
 * @throws ClipSettingsError, EngineSettingsError or ModelError with a sentence for whoever runs the worker.
 */
export async function startClipProcess(context: WorkerContext): Promise<WorkerInstance> {
  const spare = SpareThread.forModel();
  try {
    const { startClip } = await import('./worker.ts');
    return await startClip(context, { spare });
  } finally {
    await spare.stop();
  }
}
