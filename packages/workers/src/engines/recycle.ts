import type { Handler, JobContext } from '@spillway/sdk/worker';
import type { RecycleSettings } from './engine-settings.ts';

/**
 * A fresh process from time to time: after so many jobs, or when it has grown too large (a runtime that released a model
 * does not give all its memory back). The job that reaches the limit is still answered by the old process, which then
 * takes no more and ends with 0; whoever started it starts the next.
 */
export function withRecycling(
  handler: Handler,
  { afterJobs, aboveBytes }: RecycleSettings,
  residentBytes: () => number = process.memoryUsage.rss,
): Handler {
  if (afterJobs === undefined && aboveBytes === undefined) return handler;
  let jobs = 0;
  const isTooLarge = () => aboveBytes !== undefined && residentBytes() > aboveBytes;
  return (job, context: JobContext) => {
    jobs += 1;
    if ((afterJobs !== undefined && jobs >= afterJobs) || isTooLarge()) context.refreshWorker();
    const output = handler(job, context);
    if (!(output instanceof Promise)) return output;
    return output.finally(() => {
      if (isTooLarge()) context.refreshWorker();
    });
  };
}
