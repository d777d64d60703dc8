import type { Readable } from 'node:stream';
import { ArtifactError } from '@spillway/artifacts';
import type { Job } from '../job.ts';
import type { JobEvent, Transition } from '../job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, UsedSignatures } from '../job-store.ts';
import { type LargeValues, LONGEST_IN_ROW_CHARS, type ValueClaim } from './large-values.ts';
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
      return insertLarge(values, job, (kept) => store.insert(kept, once, used));
    },
    apply(id: string, event: JobEvent, now: number): Promise<Transition | undefined> {
      if (event.type !== 'completed' && event.type !== 'errored') return store.apply(id, event, now);
      if (!isLarge(event.output)) return store.apply(id, event, now);
      return endWith(store, values, { id, event: { ...event, output: event.output }, now });
    },
  };
}

async function insertLarge<T>(values: LargeValues, job: Job, insert: (job: Job) => Promise<T>): Promise<T> {
  const { input: text } = job;
  const claim = values.claim(job.keyId, text);
  return values.keep('input', { text, claim }, (input) => insert({ ...job, input }));
}

type EndEvent = Extract<JobEvent, { readonly type: 'completed' | 'errored' }> & { readonly output: string };

interface LargeEnd {
  readonly id: string;
  readonly event: EndEvent;
  readonly now: number;
}

/** A result that there is no room for ends its job, whose worker would else send it for ever. */
async function endWith(
  store: JobStore,
  values: LargeValues,
  { id, event, now }: LargeEnd,
): Promise<Transition | undefined> {
  const { output: text, ...rest } = event;
  const owner = (await store.get(id))?.keyId;
  let claim: ValueClaim;
  try {
    claim = values.claim(owner, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const report = { error: `its output could not be kept: ${why}`, ...NO_ROOM };
    return store.apply(id, rest.type === 'errored' ? rest : { ...rest, ...report, type: 'errored' }, now);
  }
  const end = (output: string) => store.apply(id, { ...rest, output } as EndEvent, now);
  return values.keep('output', { text, claim }, end);
}

const NO_ROOM = { failureType: 'ARTIFACT_UNAVAILABLE', isRetryable: false } as const;

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
