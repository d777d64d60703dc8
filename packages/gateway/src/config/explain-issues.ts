import type { z } from 'zod';
import { closestName } from './closest-name.ts';
import { type CheckParams, hints } from './fields.ts';
import { type ConfigProblem, formatPath, type PathPart, showValue } from './problem.ts';
import { isMandatory, keysOf, schemaAt } from './schema-at.ts';

type Issue = z.core.$ZodIssue;
type Draft = Omit<ConfigProblem, 'path'> & { readonly parts: readonly PathPart[] };

/** Names that people bring from RunPod's APIs and consoles, with ours. */
const RUNPOD_NAMES = new Map([
  ['workersMin', 'workers.min'],
  ['workersMax', 'workers.max'],
  ['executionTimeoutMs', 'executionTimeout'],
  ['scalerType', 'scaling.type'],
  ['scalerValue', 'scaling.queueDelay'],
  ['dockerStartCmd', 'command'],
  ['timeout', 'executionTimeout'],
]);

/** Tells zod's issues in the words of the file: for each, what was expected, what was found and what to write. */
export function explainIssues(
  schema: z.ZodType,
  value: unknown,
  issues: readonly Issue[],
  lineOf: (path: readonly PathPart[]) => number | undefined,
): ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>();
  for (const { parts, ...draft } of issues.flatMap((issue) => explain(schema, value, issue))) {
    const path = formatPath(parts);
    const line = lineOf(parts);
    // A value that breaks two rules is one problem: its hint tells all that is expected of it.
    const key = `${path}\n${draft.message}`;
    if (!problems.has(key)) problems.set(key, { path, ...draft, ...(line === undefined ? {} : { line }) });
  }
  return [...problems.values()];
}

function explain(schema: z.ZodType, root: unknown, issue: Issue): Draft[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(schema, [...path, key], root));
  }
  if (issue.code === 'custom' && issue.params) {
    const { fix } = issue.params as unknown as CheckParams;
    return [{ parts: path, message: issue.message, fix }];
  }
  const node = schemaAt(schema, path);
  const found = valueAt(root, path);
  const hint = node && hintOf(node.layers);
  if (hint?.isToldInside && issue.code === 'invalid_union' && typeof found === 'object') {
    const inside = issue.errors
      .flat()
      .filter((one) => one.path.length > 0 || one.code === 'unrecognized_keys');
    if (inside.length > 0)
      return inside.flatMap((one) => explain(schema, root, { ...one, path: [...issue.path, ...one.path] }));
  }
  if (hint) {
    const shown = hint.isSecret && found !== undefined ? 'something else' : showValue(found);
    const message = `expected ${hint.expected}, found ${shown}`;
    const fix =
      found === undefined && isMandatory(schema, path) ? `add it: ${hint.fix(found)}` : hint.fix(found);
    return [{ parts: path, message, fix }];
  }
  const keys = node ? keysOf(node) : [];
  const block = keys.length > 0 ? `a block of keys (${keys.join(', ')})` : 'a block of keys';
  const fix =
    found === null
      ? 'write its keys below it, indented by two spaces, or remove the line'
      : `write \`key: value\` lines below it, indented by two spaces`;
  return [{ parts: path, message: `expected ${block}, found ${showValue(found)}`, fix }];
}

function unknownKey(schema: z.ZodType, path: readonly PathPart[], root: unknown): Draft {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const node = schemaAt(schema, parent, valueAt(root, parent));
  const known = node ? keysOf(node) : [];
  return {
    parts: path,
    message: `expected one of ${known.join(', ')}; found the unknown key \`${key}\``,
    fix: unknownKeyFix(schema, parent, key, known),
  };
}

function unknownKeyFix(
  schema: z.ZodType,
  parent: readonly PathPart[],
  key: string,
  known: readonly string[],
): string {
  const ours = RUNPOD_NAMES.get(key)?.split('.') ?? [];
  if (known.includes(ours[0] ?? '')) return `write it as \`${ours.join('.')}\``;
  if (known.includes(ours[1] ?? '')) return `write it as \`${ours[1]}\``;
  const block = known.find((name) => keysAt(schema, [...parent, name]).includes(key));
  if (block) return `write it under \`${block}\`, as \`${block}.${key}\``;
  const near = closestName(key, known);
  if (near) return `did you mean \`${near}\`?`;
  if (keysAt(schema, parent).includes(key)) return 'remove it, or write the `type` that it belongs to';
  if (parent.length > 0 && keysAt(schema, parent.slice(0, -1)).includes(key)) {
    return 'indent it less: it belongs one level up';
  }
  return 'remove it';
}

function keysAt(schema: z.ZodType, path: readonly PathPart[]): string[] {
  const place = schemaAt(schema, path);
  return place ? keysOf(place) : [];
}

function hintOf(layers: readonly z.core.$ZodType[]) {
  for (const layer of layers) {
    const hint = hints.get(layer);
    if (hint) return hint;
  }
  return undefined;
}

function valueAt(root: unknown, path: readonly PathPart[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PathPart, unknown>)[part];
  }
  return value;
}
