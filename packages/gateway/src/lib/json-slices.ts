/**
 * The values of a JSON object as the text they arrived in, so that numbers keep their digits on the way through
 * (`1.0` stays `1.0`, and integers above 2^53 stay exact) and large values are not built up and written out again.
 */
export function sliceJsonObject(text: string): Map<string, string> {
  return readJsonObject(text).slices;
}

/** A JSON object both ways: its values as the text they arrived in, and parsed. Throws SyntaxError where it is none. */
export function readJsonObject(text: string): {
  slices: Map<string, string>;
  value: Record<string, unknown>;
} {
  // The parser checks the syntax; the scan can then be simple.
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError('expected a JSON object');
  }
  const object = value as Record<string, unknown>;
  return { slices: onlySlice(text, object) ?? scanObject(text), value: object };
}

/**
 * The slice of an object that has one key and begins with it, as most bodies do: what lies between the colon and the
 * last brace. Undefined where the text may say the key again, or in another spelling; of two, the last counts.
 */
function onlySlice(text: string, value: Record<string, unknown>): Map<string, string> | undefined {
  let only: string | undefined;
  for (const key in value) {
    if (only !== undefined) return undefined;
    only = key;
  }
  if (only === undefined) return undefined;
  const quoted = `"${only}"`;
  const start = quoted.length + 2;
  if (!text.startsWith(`{${quoted}:`) || text.includes(quoted, start) || text.includes('\\u', start))
    return undefined;
  return new Map([[only, text.slice(start, text.lastIndexOf('}')).trim()]]);
}

function scanObject(text: string): Map<string, string> {
  const slices = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== 34) return slices;
    const keyEnd = stringEnd(text, at);
    const name = text.slice(at + 1, keyEnd - 1);
    const key = name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    slices.set(key, text.slice(start, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== 44) return slices;
    at += 1;
  }
}

/** The elements of a JSON array as the text they arrived in. Throws SyntaxError where the text is none. */
export function sliceJsonArray(text: string): string[] {
  if (!Array.isArray(JSON.parse(text))) throw new SyntaxError('expected a JSON array');
  const slices: string[] = [];
  let at = skipSpace(text, text.indexOf('[') + 1);
  while (text[at] !== ']') {
    const end = valueEnd(text, at);
    slices.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return slices;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

/** Index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let quote = from;
  for (;;) {
    quote = text.indexOf('"', quote + 1);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 92) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
}

function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  if (first !== '{' && first !== '[') {
    let at = from;
    while (at < text.length && !',}] \n\r\t'.includes(text.charAt(at))) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 34) at = stringEnd(text, at) - 1;
    else if (char === 123 || char === 91) depth += 1;
    else if ((char === 125 || char === 93) && --depth === 0) return at + 1;
  }
  return text.length;
}

/** A JSON object from texts that are JSON already. Undefined entries are left out. */
export function joinJsonObject(entries: readonly (readonly [string, string | undefined])[]): string {
  let text = '';
  for (const [key, value] of entries)
    if (value !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${value}`;
  return text === '' ? '{}' : `${text}}`;
}
