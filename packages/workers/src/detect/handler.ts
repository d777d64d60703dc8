import { type Handler, JobError } from '@spillway/sdk/worker';
import type { ThreadPool } from '../engines/thread-pool.ts';
import { InputError } from '../media/input-error.ts';
import type { DetectRequest, MeasureRequest } from './pipeline.ts';
import { type DetectInput, type MeasureInput, parseInput } from './schema.ts';

/** A detect job on the main thread: checks the input's form and hands the work to an inference thread. */
export interface HandlerOptions {
  /** Where a job does not set its own `confidence_threshold`. */
  readonly threshold: number;
}

export function createDetectHandler(pool: Pick<ThreadPool, 'run'>, options: HandlerOptions): Handler {
  return async (job, { signal, progress }) => {
    try {
      const request = toRequest(parseInput(job.input), options);
      return await pool.run(request, { signal, onProgress: progress });
    } catch (error) {
      throw error instanceof InputError ? JobError.invalidInput(error.message) : error;
    }
  };
}

function toRequest(
  input: DetectInput | MeasureInput,
  { threshold }: HandlerOptions,
): DetectRequest | MeasureRequest {
  if (input.action === 'measure') {
    return { action: 'measure', mask: input.mask, mmPerPixel: input.mm_per_pixel };
  }
  return {
    action: 'detect',
    image: input.image,
    frameId: input.frame_id,
    includeMasks: input.include_masks ?? false,
    threshold: input.confidence_threshold ?? threshold,
    mmPerPixel: input.mm_per_pixel,
  };
}
