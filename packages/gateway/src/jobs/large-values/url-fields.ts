import { joinJsonObject, sliceJsonObject } from '../../lib/json-slices.ts';

/**
 * Texts that leave an input, so that URLs go in their place: those of the fields that an endpoint declares (`urlFields`),
 * as few as it takes, the largest first. Pure.
 */
export interface MovedFields {
  readonly fields: readonly string[];
  /** What the input then has, its URLs counted with all the room that they may need. */
  readonly leftBytes: number;
}

/** Room that a URL takes in place of what it names. */
const URL_BYTES = 2_048;

export function fieldsToMove(input: string, urlFields: readonly string[], limitBytes: number): MovedFields {
  const slices = sliceJsonObject(input);
  const movable = urlFields
    .map((field) => ({ field, slice: slices.get(field) }))
    .filter((one): one is { field: string; slice: string } => one.slice?.startsWith('"') === true)
    .map(({ field, slice }) => ({ field, bytes: Buffer.byteLength(slice) }))
    .filter(({ bytes }) => bytes > URL_BYTES)
    .toSorted((a, b) => b.bytes - a.bytes);
  const fields: string[] = [];
  let leftBytes = Buffer.byteLength(input);
  for (const { field, bytes } of movable) {
    if (leftBytes <= limitBytes) break;
    fields.push(field);
    leftBytes -= bytes - URL_BYTES;
  }
  return { fields, leftBytes };
}

/** The text of a field as bytes: what it holds in base64, as a data URI or bare, else itself. */
export function bytesOfField(
  input: string,
  field: string,
): { readonly bytes: Buffer; readonly mediaType: string } {
  const text = JSON.parse(sliceJsonObject(input).get(field) ?? '""') as string;
  const [, mediaType, data] = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.-]+)*;base64,(.*)$/s.exec(text) ?? [];
  if (data !== undefined)
    return { bytes: Buffer.from(data, 'base64'), mediaType: mediaType ?? 'application/octet-stream' };
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  return isBase64
    ? { bytes: Buffer.from(text, 'base64'), mediaType: 'application/octet-stream' }
    : { bytes: Buffer.from(text, 'utf8'), mediaType: 'text/plain' };
}

/** The input with these fields set to URLs; everything else stays the text that it was. */
export function withUrls(input: string, urls: ReadonlyMap<string, string>): string {
  const entries = [...sliceJsonObject(input)].map(([key, slice]): [string, string] => {
    const url = urls.get(key);
    return [key, url === undefined ? slice : JSON.stringify(url)];
  });
  return joinJsonObject(entries);
}
