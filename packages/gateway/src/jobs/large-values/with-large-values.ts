import type { Readable } from 'node:stream';
import { ArtifactError } from '@spillway/artifacts';
import type { Job } from '../job.ts';
import type { JobEvent, Transition } from '../job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, UsedSignatures } from '../job-store.ts';
import { type LargeValues, LONGEST_IN_ROW_CHARS } from './large-values.ts';
import { parseReference, type ValueReference } from './value-reference.ts';

export type ValueName = 'input' | 'output';

/**
 * A job store whose jobs may have values of any length. Everybody gets references in place of large ones, and who passes
 * one on sends its bytes as they come; the few who have to look into one ask for it whole.
 */
export interface WholeJobStore extends JobStore {
  /** Throws ARTIFACT_NOT_FOUND, and STORAGE_UNAVAILABLE where it can't be read now. */
  openValue(value: ValueReference): Promise<Readable>;
  /** Throws as `openValue` does, and reads nothing. */
  checkValue(value: ValueReference): Promise<void>;
  /** Reads them whole; they count as in memory until `use` is through. Throws as `withWhole`. */
  readValues: LargeValues['read'];
  /**
   * The job with these values whole, which count as in memory until `use` is through. Throws as `openValue`, and
   * STORAGE_UNAVAILABLE where there was no room for them.
   */
  withWhole<T>(job: Job, names: readonly ValueName[], use: (whole: Job) => Promise<T> | T): Promise<T>;
}

/** Moves large values out of jobs on their way in. Small ones are told by their length alone, and take no step more. */
export function withLargeValues(store: JobStore, values: LargeValues | undefined): WholeJobStore {
  const reading = { ...store, ...createReading(values) };
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
        store.apply(id, { ...event, output: reference }, now),
      );
    },
  };
}

const isLarge = (text: string | undefined): text is string =>
  text !== undefined && text.length > LONGEST_IN_ROW_CHARS;

function createReading(
  values: LargeValues | undefined,
): Pick<WholeJobStore, 'openValue' | 'checkValue' | 'readValues' | 'withWhole'> {
  const opened = () => {
    if (values) return values;
    throw new ArtifactError('STORAGE_UNAVAILABLE', 'a large value is kept in a storage that is not open');
  };
  return {
    openValue: async (value) => opened().open(value),
    checkValue: async (value) => opened().check(value),
    readValues: async (found, use) => (found.length === 0 ? use([]) : opened().read(found, use)),
    async withWhole(job, names, use) {
      const found = names.flatMap((name) => {
        const value = parseReference(job[name]);
        return value ? [{ name, value }] : [];
      });
      if (found.length === 0) return use(job);
      return opened().read(
        found.map(({ value }) => value),
        (texts) => use({ ...job, ...Object.fromEntries(found.map(({ name }, at) => [name, texts[at]])) }),
      );
    },
  };
}
