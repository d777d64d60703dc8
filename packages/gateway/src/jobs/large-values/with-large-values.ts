import { ArtifactError } from '@spillway/artifacts';
import type { Job } from '../job.ts';
import type { JobEvent, Transition } from '../job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, UsedSignatures } from '../job-store.ts';
import { type LargeValues, LONGEST_IN_ROW_CHARS } from './large-values.ts';
import { isReference } from './value-reference.ts';

/**
 * A job store whose jobs may have values of any length: `get` and ends of jobs bring outputs whole. Inputs, which few
 * look at, stay references until `whole`. Both throw ARTIFACT_NOT_FOUND or STORAGE_UNAVAILABLE.
 */
export interface WholeJobStore extends JobStore {
  /** With references in place of large values. */
  getStored(id: string): Promise<Job | undefined>;
  /** With what references stand for. */
  whole(job: Job): Promise<Job>;
}

/** Moves large values out of jobs on their way in. Small ones are told by their length alone, and take no step more. */
export function withLargeValues(store: JobStore, values: LargeValues | undefined): WholeJobStore {
  const read = (reference: string) => {
    if (values) return values.read(reference);
    throw new ArtifactError('STORAGE_UNAVAILABLE', 'a large value is kept in a storage that is not open');
  };
  const isLarge = (text: string | undefined): text is string =>
    text !== undefined && text.length > LONGEST_IN_ROW_CHARS;

  async function get(id: string): Promise<Job | undefined> {
    const job = await store.get(id);
    if (job === undefined || !isReference(job.output)) return job;
    try {
      return { ...job, output: await read(job.output) };
    } catch (error) {
      // It may have been retried or deleted meanwhile.
      const now = await store.get(id);
      if (now?.output === job.output) throw error;
      return get(id);
    }
  }

  async function whole(job: Job): Promise<Job> {
    const input = isReference(job.input) ? await read(job.input) : job.input;
    return isReference(job.output) ? { ...job, input, output: await read(job.output) } : { ...job, input };
  }

  const reading = { ...store, get, getStored: store.get, whole };
  if (!values) return reading;
  return {
    ...reading,
    insert(job: Job, once?: IdempotentSubmit, used?: UsedSignatures): Promise<InsertResult> {
      if (!isLarge(job.input)) return store.insert(job, once, used);
      return values.keep('input', job.input, (input) => store.insert({ ...job, input }, once, used));
    },
    apply(id: string, event: JobEvent, now: number): Promise<Transition | undefined> {
      if (event.type !== 'completed' && event.type !== 'errored') return store.apply(id, event, now);
      const { output } = event;
      if (!isLarge(output)) return store.apply(id, event, now);
      return values.keep('output', output, (reference) =>
        store
          .apply(id, { ...event, output: reference }, now)
          .then((ended) => ended && { ...ended, after: withOutput(ended.after, reference, output) }),
      );
    },
  };
}

/** Those who wait for the job get what is at hand. An attempt that is to be repeated has no output. */
function withOutput(job: Job, reference: string, output: string): Job {
  return job.output === reference ? { ...job, output } : job;
}
