import { joinJsonObject, readJsonObject, sliceJsonArray } from '../lib/json-slices.ts';

/**
 * A job's input as far as signatures go: what is signed, and where. Values stay the text that arrived; only `auth` is
 * taken out or put in. Most inputs are signed as a whole; a batch (`images`) may be signed item by item instead.
 */
export interface SignedInput {
  /** The input itself, or the items of `images`. */
  readonly units: readonly SignedUnit[];
  readonly requestId: string | undefined;
  /** The input with these in place of its units. */
  write(units: readonly string[]): string;
}

/** What one signature covers. */
export interface SignedUnit {
  readonly value: Readonly<Record<string, unknown>>;
  readonly auth: unknown;
  /** As it arrived. */
  readonly text: string;
  /** Without `auth`. */
  readonly bare: string;
  /** With this, which is JSON, as `auth`. */
  withAuth(auth: string): string;
}

/** `input` is a JSON object. */
export function readSignedInput(input: string): SignedInput {
  const { slices, value } = readJsonObject(input);
  const { request_id: id, auth, images } = value;
  const requestId = typeof id === 'string' ? id : undefined;
  const list = slices.get('images');
  const isWhole = auth !== undefined && auth !== null;
  const isBatch = Array.isArray(images) && images.length > 0 && images.every(isObject);
  if (isWhole || !isBatch || list === undefined) {
    const units = [unitOf(input, slices, value)];
    return { units, requestId, write: ([text]) => text ?? input };
  }
  const units = sliceJsonArray(list).map((item) => {
    const read = readJsonObject(item);
    return unitOf(item, read.slices, read.value);
  });
  return {
    units,
    requestId,
    write: (texts) => joinJsonObject([...new Map(slices).set('images', `[${texts.join(',')}]`)]),
  };
}

function unitOf(
  text: string,
  slices: ReadonlyMap<string, string>,
  value: Record<string, unknown>,
): SignedUnit {
  const bare = joinJsonObject([...slices].filter(([key]) => key !== 'auth'));
  return {
    value,
    text,
    auth: value.auth,
    bare,
    withAuth: (auth) => (bare === '{}' ? `{"auth":${auth}}` : `${bare.slice(0, -1)},"auth":${auth}}`),
  };
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
