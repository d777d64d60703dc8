import { isMap, isScalar, isSeq, parse, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { PricedCards } from './priced-pool.ts';

/**
 * `spillway.yaml` as its author wrote it: what is to be filled in, and small additions that leave every other byte,
 * comments above all, as it is. An addition that can't be made so is made by rewriting the document, comments kept.
 */

/** A `${NAME}` that is no `$${`. */
const FILLED_IN = /(?<!\$)\$\{/;

/** Names of variables of an endpoint whose values are filled in: of its `env`, or that of its `deploy`. */
export function variablesFilledIn(text: string, path: readonly string[]): ReadonlySet<string> {
  let block: unknown = parse(text, { merge: true });
  for (const key of path) block = (Object(block) as Record<string, unknown>)[key];
  const entries = Object.entries(Object(block) as Record<string, unknown>);
  return new Set(
    entries.filter(([, value]) => typeof value === 'string' && FILLED_IN.test(value)).map(([key]) => key),
  );
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: the file's own syntax
const KEY = '${RUNPOD_API_KEY}';

/** The text with this endpoint's jobs spilling over to that endpoint at RunPod. */
export function withRunpodBackend(
  text: string,
  endpoint: string,
  endpointId: string,
  { local, cards = {} }: { readonly local: readonly string[]; readonly cards?: PricedCards },
): string {
  const path = ['endpoints', endpoint, 'backends'];
  const before = backendsOf(text, path) ?? local;
  const isRemote = (one: unknown) => Object.hasOwn(Object(one) as object, 'runpod');
  // Of several it is the first that a deployment makes.
  const first = before.findIndex(isRemote);
  const wanted =
    first >= 0
      ? before.map((one, index) => (index === first ? withId(one, endpointId) : one))
      : [...before, { runpod: { endpointId, apiKey: KEY, ...cards } }];
  const more = Object.entries(cards).map(([key, value]) => `, ${key}: ${value}`);
  const item = `{ runpod: { endpointId: ${endpointId}, apiKey: "${KEY}"${more.join('')} } }`;
  const spliced = splice(text, path, item, endpointId, local);
  const isRight = spliced !== undefined && isEqual(backendsOf(spliced, path), wanted);
  if (isRight) return spliced;
  const document = parseDocument(text);
  document.setIn(path, document.createNode(wanted, { flow: true }));
  return document.toString({ lineWidth: 0 });
}

function backendsOf(text: string, path: readonly string[]): readonly unknown[] | undefined {
  try {
    let value: unknown = parse(text, { merge: true });
    for (const key of path) value = (Object(value) as Record<string, unknown>)[key];
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withId(backend: unknown, endpointId: string): unknown {
  const { runpod } = backend as { readonly runpod: object };
  return { runpod: { ...runpod, endpointId } };
}

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Undefined where the text's form is none of the usual ones. */
function splice(
  text: string,
  path: readonly string[],
  item: string,
  endpointId: string,
  local: readonly string[],
): string | undefined {
  const document = parseDocument(text);
  const list: unknown = document.getIn(path, true);
  const block: unknown = document.getIn(path.slice(0, -1), true);
  if (isSeq(list)) return spliceList(text, list, item, endpointId);
  return isMap(block) ? spliceKey(text, block, `backends: [${[...local, item].join(', ')}]`) : undefined;
}

function spliceList(text: string, list: YAMLSeq, item: string, endpointId: string): string | undefined {
  for (const one of list.items) {
    const id: unknown = isMap(one) ? one.getIn(['runpod', 'endpointId'], true) : undefined;
    if (isScalar(id) && id.range) return replaceAt(text, id.range[0], id.range[1], endpointId);
  }
  const last: unknown = list.items.at(-1);
  const end = rangeEnd(last);
  if (end === undefined) return undefined;
  if (list.flow) return replaceAt(text, end, end, `, ${item}`);
  const dash = /(?<=^|\n)([ \t]*)-[^\n]*$/.exec(text.slice(0, (last as { range: number[] }).range[0]));
  return dash ? insertLine(text, end, `${dash[1]}- ${item}`) : undefined;
}

/** Behind the first key, which says what the endpoint is. */
function spliceKey(text: string, block: YAMLMap, line: string): string | undefined {
  const [first] = block.items;
  const key: unknown = first?.key;
  const end = rangeEnd(first?.value) ?? rangeEnd(key);
  if (end === undefined || !isScalar(key) || !key.range) return undefined;
  if (block.flow) return replaceAt(text, end, end, `, ${line}`);
  const indent = /[ \t]*$/.exec(text.slice(0, key.range[0]))?.[0] ?? '';
  return insertLine(text, end, `${indent}${line}`);
}

function rangeEnd(node: unknown): number | undefined {
  const { range } = Object(node) as { readonly range?: readonly [number, number, number] };
  return range?.[1];
}

const replaceAt = (text: string, from: number, to: number, part: string) =>
  `${text.slice(0, from)}${part}${text.slice(to)}`;

/** After the line on which the text up to `end` has its last word. */
function insertLine(text: string, end: number, line: string): string {
  const lastWord = text.slice(0, end).trimEnd().length;
  const newline = text.indexOf('\n', lastWord);
  return newline < 0
    ? `${text}\n${line}\n`
    : `${text.slice(0, newline + 1)}${line}\n${text.slice(newline + 1)}`;
}
