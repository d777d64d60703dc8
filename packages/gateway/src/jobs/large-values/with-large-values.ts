import type { Readable } from 'node:stream';
import { ArtifactError } from '@spillway/artifacts';
import type { Job } from '../job.ts';
import type { ErrorReport, JobEvent, Transition } from '../job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, NewChunk, UsedSignatures } from '../job-store.ts';
import {
  type LargeValues,
  LONGEST_IN_ROW_CHARS,
  NoRoomError,
  textSource,
  type ValueKind,
  type ValueSource,
} from './large-values.ts';
import { isReference, parseReference, type ValueReference } from './value-reference.ts';

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
  /** The same of texts that may be references, such as chunks. */
  withWholeTexts<T>(texts: readonly string[], use: (whole: readonly string[]) => Promise<T> | T): Promise<T>;
  /**
   * Keeps what was never in memory whole, for a job; `use` writes the reference into its row in the same way as a text.
   * Throws NoRoomError, and STORAGE_UNAVAILABLE.
   */
  keepValue<T>(
    jobId: string,
    kind: ValueKind,
    source: ValueSource,
    use: (reference: string) => Promise<T>,
  ): Promise<T>;
  /** Keeps a text of a running job's input beside it while its attempt lasts. Throws as `keepValue`. */
  keepField<T>(
    job: Pick<Job, 'id' | 'keyId'>,
    source: ValueSource,
    use: (kept: ValueReference) => Promise<T>,
  ): Promise<T>;
}

/** Moves large values out of jobs on their way in. Small ones are told by their length alone, and take no step more. */
export function withLargeValues(store: JobStore, values: LargeValues | undefined): WholeJobStore {
  const ownerOf = async (jobId: string) => (await store.get(jobId))?.keyId;
  const reading = { ...store, ...createReading(values) };
  /** Of attempts that run. One that is forgotten by a restart goes with its job, or with the next attempt. */
  const fields = new Map<string, readonly string[]>();
  async function freeFields(transition: Transition | undefined): Promise<Transition | undefined> {
    const id = transition?.endedAttempt ? transition.after.id : '';
    const ended = fields.get(id);
    if (ended) await store.freeValues(ended);
    fields.delete(id);
    return transition;
  }
  if (!values) return reading;
  return {
    ...reading,
    async keepValue(jobId, kind, source, use) {
      return values.keep(kind, { source, owner: await ownerOf(jobId) }, use);
    },
    insert(job: Job, once?: IdempotentSubmit, used?: UsedSignatures): Promise<InsertResult> {
      if (!isLarge(job.input)) return store.insert(job, once, used);
      return insertLarge(values, job, (kept) => store.insert(kept, once, used));
    },
    async keepField(job, source, use) {
      return values.keep('field', { source, owner: job.keyId }, async (reference) => {
        if (!(await store.giveValue(job.id, reference)))
          throw new ArtifactError('ARTIFACT_NOT_FOUND', 'nobody runs the job any more');
        fields.set(job.id, [...(fields.get(job.id) ?? []), reference]);
        return use(parseReference(reference) as ValueReference);
      });
    },
    apply(id: string, event: JobEvent, now: number): Promise<Transition | undefined> {
      const applied = applyLarge(store, values, id, event, now);
      return fields.has(id) ? applied.then(freeFields) : applied;
    },
    async appendChunk(id, reporter, { chunk: text, number }: NewChunk, now) {
      if (!isLarge(text)) return store.appendChunk(id, reporter, { chunk: text, number }, now);
      const value = { source: textSource(text), owner: await ownerOf(id) };
      return values.keep('chunk', value, (chunk) => store.appendChunk(id, reporter, { chunk, number }, now));
    },
    async drainChunks(id) {
      // What is drained is handed out once: first it must be there.
      for (const value of await store.largeChunks(id)) await values.check(value);
      return store.drainChunks(id);
    },
  };
}

async function insertLarge<T>(values: LargeValues, job: Job, insert: (job: Job) => Promise<T>): Promise<T> {
  try {
    const value = { source: textSource(job.input), owner: job.keyId };
    return await values.keep('input', value, (input) => insert({ ...job, input }));
  } catch (error) {
    // Its caller is told what the quota says.
    throw error instanceof NoRoomError ? error.cause : error;
  }
}

function applyLarge(
  store: JobStore,
  values: LargeValues,
  id: string,
  event: JobEvent,
  now: number,
): Promise<Transition | undefined> {
  if (event.type !== 'completed' && event.type !== 'errored') return store.apply(id, event, now);
  if (!isLarge(event.output)) return store.apply(id, event, now);
  return endWith(store, values, { id, event: { ...event, output: event.output }, now });
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
  const value = { source: textSource(text), owner: (await store.get(id))?.keyId };
  const end = (output: string) => store.apply(id, { ...rest, output } as EndEvent, now);
  try {
    return await values.keep('output', value, end);
  } catch (error) {
    if (!(error instanceof NoRoomError)) throw error;
    const report = outputWithoutRoom(error);
    return store.apply(id, rest.type === 'errored' ? rest : { ...rest, ...report, type: 'errored' }, now);
  }
}

/** How an attempt ends whose values find no room. */
export const NO_ROOM = { failureType: 'ARTIFACT_UNAVAILABLE', isRetryable: false } as const;

export const outputWithoutRoom = ({ message }: NoRoomError): ErrorReport => ({
  error: `its output could not be kept: ${message}`,
  ...NO_ROOM,
});

const isLarge = (text: string | undefined): text is string =>
  text !== undefined && text.length > LONGEST_IN_ROW_CHARS;

function createReading(
  values: LargeValues | undefined,
): Pick<
  WholeJobStore,
  'openValue' | 'checkValue' | 'readValues' | 'withWhole' | 'withWholeTexts' | 'keepValue' | 'keepField'
> {
  const opened = () => {
    if (values) return values;
    throw new ArtifactError('STORAGE_UNAVAILABLE', 'a large value is kept in a storage that is not open');
  };
  async function withWholeTexts<T>(
    texts: readonly string[],
    use: (whole: readonly string[]) => Promise<T> | T,
  ): Promise<T> {
    const found = texts.flatMap((text) => parseReference(text) ?? []);
    if (found.length === 0) return use(texts);
    return opened().read(found, (read) => {
      let at = 0;
      return use(texts.map((text) => (isReference(text) ? (read[at++] ?? '') : text)));
    });
  }
  return {
    openValue: async (value) => opened().open(value),
    checkValue: async (value) => opened().check(value),
    readValues: async (found, use) => (found.length === 0 ? use([]) : opened().read(found, use)),
    withWholeTexts,
    withWhole(job, names, use) {
      const large = names.filter((name) => isReference(job[name]));
      if (large.length === 0) return Promise.resolve(use(job));
      return withWholeTexts(
        large.map((name) => job[name] ?? ''),
        (whole) => use({ ...job, ...Object.fromEntries(large.map((name, at) => [name, whole[at]])) }),
      );
    },
    keepValue: async () => opened() as never,
    keepField: async () => opened() as never,
  };
}
