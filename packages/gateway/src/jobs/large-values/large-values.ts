import type { Readable } from 'node:stream';
import { ArtifactError, type ArtifactStore, notFound } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import type { ByteBudget } from '../../lib/byte-budget.ts';
import type { Ids } from '../../lib/ids.ts';
import { referenceText, type ValueReference } from './value-reference.ts';

/** Longer inputs and outputs are kept beside the rows of their jobs. */
export const LONGEST_IN_ROW_CHARS = 256 * 1024;

/** The room that a value takes, and for whom it counts. */
export interface ValueClaim {
  readonly owner: string;
  readonly sizeBytes: number;
}

/** How much may be kept. */
export interface ValueQuota {
  /** Throws with a sentence where there is no room. */
  claim(claim: ValueClaim): void;
  release(claim: ValueClaim): void;
}

/** What is written of large values in the file of the jobs. Which job has which is written with the jobs themselves. */
export interface ValueRows {
  announce(key: string, claim: ValueClaim, now: number): Promise<void>;
  /** Those without a job that were announced before then. */
  loose(before: number, limit: number): readonly (ValueClaim & { readonly key: string })[];
  forget(key: string): Promise<void>;
}

export type ValueBytes = Pick<ArtifactStore, 'put' | 'get' | 'head' | 'delete'>;

export interface LargeValuesOptions {
  readonly bytes: ValueBytes;
  readonly rows: ValueRows;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'short'>;
  /** Of values that are in memory whole. */
  readonly budget: ByteBudget;
  readonly quota: ValueQuota;
}

/**
 * Values that are too long for a row, kept where artifacts are. One is announced in the file before a byte of it is
 * written, and gets its job in the transaction that names it: so a crash between leaves at most bytes that are known to
 * belong to nobody, which the sweep deletes, and never a job without its value.
 */
export interface LargeValues {
  /**
   * Calls `use` with what stands for the bytes, once they are on disk or in the bucket, and counts them for the owner.
   * Throws NoRoomError, and STORAGE_UNAVAILABLE where they can't be written.
   */
  keep<T>(kind: ValueKind, value: NewValue, use: (reference: string) => Promise<T>): Promise<T>;
  /** Its bytes as the storage gives them. Throws ARTIFACT_NOT_FOUND, and STORAGE_UNAVAILABLE where it can't be read now. */
  open(value: ValueReference): Promise<Readable>;
  /** Throws as `open` does, and reads nothing. */
  check(value: ValueReference): Promise<void>;
  /** Reads them whole, and has room for all of them until `use` is through. Throws as `open`. */
  read<T>(values: readonly ValueReference[], use: (texts: readonly string[]) => Promise<T> | T): Promise<T>;
  /** Deletes what no job has any more; answers how many. May be cut off at any point, and done again. */
  sweep(): Promise<number>;
}

/** `field`: a text of an input, which goes to workers as a URL. */
export type ValueKind = 'input' | 'output' | 'chunk' | 'field';

/** Bytes that are to be kept: in memory, or in a file. */
export interface ValueSource {
  readonly sizeBytes: number;
  /** Called once. */
  open(): AsyncIterable<Uint8Array>;
}

export interface NewValue {
  readonly source: ValueSource;
  /** The key that submitted its job; absent for the admin's. */
  readonly owner: string | undefined;
}

/** A quota leaves no room for a value; `cause` says which. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
}

/** Whose values are those of jobs that the admin's key submitted. */
const ADMIN = 'admin';
/** What a store was still writing when the gateway was killed may appear a while after. */
const LOOSE_MS = 10 * 60_000;
const SWEPT_AT_ONCE = 100;
const ID_LENGTH = 32;

export function createLargeValues({
  bytes,
  rows,
  clock,
  ids,
  budget,
  quota,
}: LargeValuesOptions): LargeValues {
  /** Announced, and not given to a job yet. */
  const inHand = new Set<string>();

  return {
    async keep(kind, { source, owner = ADMIN }, use) {
      const key = `values/${kind}_${ids.short(ID_LENGTH)}`;
      const { sizeBytes } = source;
      const claim = { owner, sizeBytes };
      claimRoom(quota, claim);
      inHand.add(key);
      try {
        await rows.announce(key, claim, clock.now()).catch((error: unknown) => {
          // Nobody will find it again.
          quota.release(claim);
          throw error;
        });
        const description = { mediaType: 'application/json', sizeBytes };
        await bytes.put(key, source.open(), description).catch((error: unknown) => {
          throw unavailable('could not be written; nothing was accepted, try again', error);
        });
        return await use(referenceText({ key, sizeBytes }));
      } finally {
        inHand.delete(key);
      }
    },
    ...createReading(bytes, budget),
    async sweep() {
      let swept = 0;
      for (const { key, ...claim } of rows.loose(clock.now() - LOOSE_MS, SWEPT_AT_ONCE)) {
        if (inHand.has(key)) continue;
        await bytes.delete(key);
        await rows.forget(key);
        quota.release(claim);
        swept += 1;
      }
      return swept;
    },
  };
}

function claimRoom(quota: ValueQuota, claim: ValueClaim): void {
  try {
    quota.claim(claim);
  } catch (cause) {
    throw new NoRoomError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function createReading(bytes: ValueBytes, budget: ByteBudget): Pick<LargeValues, 'open' | 'check' | 'read'> {
  const unreadable = (error: unknown) => {
    throw unavailable('could not be read; try again', error);
  };
  return {
    open: ({ key }) => bytes.get(key).then(({ stream }) => stream, unreadable),
    async check({ key }) {
      const info = await bytes.head(key).catch(unreadable);
      if (!info) throw notFound(key);
    },
    async read(values, use) {
      const release = await budget.take(values.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
      try {
        const texts: string[] = [];
        for (const value of values) texts.push(await textOf(bytes, value).catch(unreadable));
        return await use(texts);
      } finally {
        release();
      }
    },
  };
}

function unavailable(what: string, error: unknown): ArtifactError {
  if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `the input or output of a job is over 256 KiB, and the storage for such values ${what} (${reason})`;
  return new ArtifactError('STORAGE_UNAVAILABLE', message, { cause: error });
}

export function textSource(text: string): ValueSource {
  return { sizeBytes: Buffer.byteLength(text), open: () => encoded(text) };
}

const PIECE_CHARS = 256 * 1024;

/** Piece by piece, so that a long text is not in memory twice. */
async function* encoded(text: string): AsyncGenerator<Uint8Array, void> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + PIECE_CHARS);
    // Both halves of a character outside the basic plane go together.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    yield Buffer.from(text.slice(start, end));
    start = end;
  }
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff;

async function textOf(store: ValueBytes, { key, sizeBytes }: ValueReference): Promise<string> {
  const { stream } = await store.get(key);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (length + chunk.length <= sizeBytes) bytes.set(chunk, length);
    length += chunk.length;
  }
  if (length !== sizeBytes) throw new Error(`${key} has ${length} bytes in place of ${sizeBytes}`);
  return bytes.toString();
}
