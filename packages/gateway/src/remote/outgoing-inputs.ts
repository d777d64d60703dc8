import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import { parseReference } from '../jobs/large-values/value-reference.ts';
import { planInput } from './fit-input.ts';
import type { RemoteStore } from './remote-store.ts';
import type { SpillRouterOptions } from './spill-options.ts';
import { ENVELOPE_BYTES, SUBMIT_LIMIT_BYTES } from './submit-body.ts';

/**
 * Inputs of one endpoint's jobs on their way to RunPod: which never go there and why, and as what the others do: signed
 * anew, with URLs in place of what is too large. What was moved out of them is removed when their attempt is over.
 */
export const INPUT_LIMIT_BYTES = SUBMIT_LIMIT_BYTES - ENVELOPE_BYTES;

export type OutgoingInputs = ReturnType<typeof createOutgoingInputs>;

type Options = Pick<SpillRouterOptions, 'queue' | 'store' | 'inputFor' | 'inputs'>;

export function createOutgoingInputs({ queue, store, inputFor, inputs }: Options, endpoint: Endpoint) {
  /** Jobs that RunPod will never take, and why, as a clause. */
  const refused = new Map<string, string>();
  const urlFields = endpoint.urlFields ?? [];

  /** Why the input does not go there, as a clause. */
  function tooLarge(input: string): string | undefined {
    const plan = planInput(input, urlFields, INPUT_LIMIT_BYTES);
    if (plan.type === 'too-large') return plan.why;
    return plan.type === 'moves' ? inputs?.obstacle : undefined;
  }

  return {
    tooLarge,
    refuse: (jobId: string, why: string): void => void refused.set(jobId, why),
    refusal: (jobId: string): string | undefined => refused.get(jobId),
    refusals: (): number => refused.size,
    forget: (jobId: string): void => void refused.delete(jobId),
    /** Looks at the input of a waiting job. One that can't be read now is asked for again at the next look. */
    async mayGo(jobId: string): Promise<boolean> {
      if (urlFields.length === 0) return true;
      const job = await queue.get(jobId);
      const isLarge = (parseReference(job?.input)?.sizeBytes ?? 0) > INPUT_LIMIT_BYTES;
      let why = job && tooLarge(job.input);
      try {
        if (job && isLarge) why = await queue.withWhole(job, ['input'], ({ input }) => tooLarge(input));
      } catch {
        return false;
      }
      if (why !== undefined) refused.set(jobId, why);
      return why === undefined;
    },
    /** Something may have been moved out of inputs here. */
    movesOut: urlFields.length > 0,
    /** The text that goes out for this attempt. Throws what the store of artifacts does. */
    prepare: (workerId: string, job: Job): Promise<string> =>
      queue.withWhole(job, ['input'], (whole) => prepareWhole(workerId, whole)),
  };

  async function prepareWhole(workerId: string, job: Job): Promise<string> {
    const plan = planInput(job.input, urlFields, INPUT_LIMIT_BYTES);
    if (plan.type !== 'moves' || !inputs) return inputFor(job);
    try {
      // First they are written down: whoever ends the attempt removes them, also after a restart.
      const input = await inputs.moveOut(job, plan.fields, (ids) => store.movedInput(workerId, ids));
      return inputFor({ ...job, input });
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      refused.set(job.id, `its input could not be kept as an artifact: ${said}`);
      throw error;
    }
  }
}

/** Removes what attempts that are over had moved out of their inputs. */
export async function sweepMovedInputs(
  store: RemoteStore,
  inputs: SpillRouterOptions['inputs'],
  endpoint: string,
): Promise<void> {
  for (const { workerId, ids } of store.leftInputs(endpoint)) {
    await inputs?.remove(ids);
    await store.movedInput(workerId, []);
  }
}
