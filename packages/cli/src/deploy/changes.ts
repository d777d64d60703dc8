import { isDeepStrictEqual } from 'node:util';
import { type EndpointSettings, isSecretValue } from './settings.ts';

/** One difference, by the field's name at RunPod. `from` is absent where there was nothing, `to` where it goes. */
export interface Change {
  readonly field: string;
  readonly from?: unknown;
  readonly to?: unknown;
  /** Its values must not be shown. */
  readonly isSecret?: true;
}

/** Blocks whose keys are told one by one. */
const BLOCKS = ['env', 'gpu', 'workers'] as const;

/** What changes where `wanted` says something; without `actual`, all that it says. */
export function changesBetween(
  actual: EndpointSettings | undefined,
  wanted: EndpointSettings,
  hidden: ReadonlySet<string> = new Set(),
): Change[] {
  const changes: Change[] = [];
  for (const [key, to] of Object.entries(wanted)) {
    const from = actual?.[key as keyof EndpointSettings];
    if ((BLOCKS as readonly string[]).includes(key)) changes.push(...blockChanges(key, from, to));
    else if (!isSame(key, from, to)) changes.push(change(key, from, to));
  }
  return changes.map((one) =>
    hidden.has(one.field.replace(/^env\./, '')) ? { ...one, isSecret: true } : one,
  );
}

function blockChanges(key: string, from: unknown, to: unknown): Change[] {
  const before = Object(from) as Record<string, unknown>;
  const after = Object(to) as Record<string, unknown>;
  // Variables are replaced as a whole; in the other blocks what isn't spoken of stays.
  const names = key === 'env' ? new Set([...Object.keys(before), ...Object.keys(after)]) : Object.keys(after);
  return [...names]
    .filter((name) => !isSame(name, valueIn(before, name), valueIn(after, name)))
    .map((name) => change(`${key}.${name}`, valueIn(before, name), valueIn(after, name)));
}

const valueIn = (block: Readonly<Record<string, unknown>>, name: string) =>
  Object.hasOwn(block, name) ? block[name] : undefined;

/** Lists that mean the same in any order; pools are listed by preference. */
const UNORDERED = ['dataCenterIds', 'networkVolumes', 'excludedTypes', 'ports'];

function isSame(key: string, from: unknown, to: unknown): boolean {
  if (from === undefined) return to === undefined || (Array.isArray(to) && to.length === 0);
  const isList = UNORDERED.includes(key) && Array.isArray(from) && Array.isArray(to);
  return isList ? isDeepStrictEqual(from.toSorted(), to.toSorted()) : isDeepStrictEqual(from, to);
}

function change(field: string, from: unknown, to: unknown): Change {
  const name = field.startsWith('env.') ? field.slice(4) : undefined;
  const isSecret =
    name !== undefined && [from, to].some((value) => typeof value === 'string' && isSecretValue(name, value));
  return {
    field,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(isSecret ? { isSecret } : {}),
  };
}
