import { type Handler, JobError, PlainOutput } from '@spillway/sdk/worker';
import { InputError } from '../media/input-error.ts';
import { ACTIONS, runAction } from './actions.ts';
import type { VideoJobs } from './video-jobs/video-jobs.ts';

/** An ergonomics job: its input says what is asked, and what is wrong with it is told by field. */
export function createErgonomicsHandler(videos: VideoJobs): Handler {
  return async (job, context) => {
    const { action } = job.input;
    if (videos.has(action)) return videos.run(job.input, context);
    // As services for videos tell it, whose callers expect no failed job.
    if (typeof action !== 'string' || !Object.hasOwn(ACTIONS, action))
      return new PlainOutput({ status: 'error', error: `Unknown action: ${String(action)}` });
    try {
      return await runAction(job.input);
    } catch (error) {
      throw error instanceof InputError ? JobError.invalidInput(error.message) : error;
    }
  };
}
