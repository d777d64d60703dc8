import { parseReference } from '../jobs/large-values/value-reference.ts';
import { joinJsonObject, sliceJsonObject } from '../lib/json-slices.ts';

/**
 * How an input that is too large for RunPod travels all the same: the largest texts of the fields that the endpoint
 * declares (`urlFields`) leave it and go as URLs. Pure.
 */
export type InputPlan =
  | { readonly type: 'fits' }
  /** These fields go as URLs, the largest first. */
  | { readonly type: 'moves'; readonly fields: readonly string[] }
  /** `why` is a clause. */
  | { readonly type: 'too-large'; readonly why: string };

/** Room that a URL takes in place of what it names. */
const URL_BYTES = 2_048;
const MIB = 1024 * 1024;

export function planInput(input: string, urlFields: readonly string[], limitBytes: number): InputPlan {
  const kept = parseReference(input);
  let left = kept?.sizeBytes ?? Buffer.byteLength(input);
  if (left <= limitBytes) return { type: 'fits' };
  const size = `its input of ${(left / MIB).toFixed(1)} MiB is over RunPod's limit of 10 MiB`;
  if (urlFields.length === 0)
    return {
      type: 'too-large',
      why: `${size}, and the endpoint declares no \`urlFields\` that could go as URLs`,
    };
  // Which of its fields could go is seen once it is read.
  if (kept) return { type: 'fits' };
  const slices = sliceJsonObject(input);
  const movable = urlFields
    .map((field) => ({ field, slice: slices.get(field) }))
    .filter((one): one is { field: string; slice: string } => one.slice?.startsWith('"') === true)
    .map(({ field, slice }) => ({ field, bytes: Buffer.byteLength(slice) }))
    .filter(({ bytes }) => bytes > URL_BYTES)
    .toSorted((a, b) => b.bytes - a.bytes);
  const fields: string[] = [];
  for (const { field, bytes } of movable) {
    fields.push(field);
    left -= bytes - URL_BYTES;
    if (left <= limitBytes) return { type: 'moves', fields };
  }
  const names = urlFields.map((field) => `\`${field}\``).join(', ');
  return { type: 'too-large', why: `${size}, also without the texts of ${names}` };
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
