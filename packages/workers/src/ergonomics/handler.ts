import { type Handler, JobError } from '@spillway/sdk/worker';
import { InputError } from '../media/input-error.ts';
import { runAction } from './actions.ts';

/** An ergonomics job: its input says what is asked, and what is wrong with it is told by field. */
export function createErgonomicsHandler(): Handler {
  return async (job) => {
    try {
      return await runAction(job.input);
    } catch (error) {
      throw error instanceof InputError ? JobError.invalidInput(error.message) : error;
    }
  };
}
