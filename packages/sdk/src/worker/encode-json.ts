import { JobError } from './job-error.ts';

/**
 * The value as JSON text; nothing at all (`undefined`) becomes `null`. What JSON can't hold (a BigInt, a value that
 * contains itself, a function) throws OUTPUT_INVALID with a sentence that names the place.
 */
export function encodeJson(value: unknown, what: string): string {
  if (value === undefined) return 'null';
  let text: string | undefined;
  let reason = `it is a ${typeof value}`;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    reason = findCulprit(value) ?? (error instanceof Error ? error.message : String(error));
  }
  if (text !== undefined) return text;
  throw new JobError(`The ${what} can't be written as JSON: ${reason}.`, {
    type: 'OUTPUT_INVALID',
    isRetryable: false,
  });
}

/** Far below what `JSON.stringify` can take, which depends on the stack. */
const DEEPEST = 1_000;

/** Only walked after a failure, so that good values cost nothing. */
function findCulprit(value: unknown, path = '', parents: readonly object[] = []): string | undefined {
  const place = path === '' ? 'the value itself' : `"${path}"`;
  if (typeof value === 'bigint') return `${place} is a BigInt (turn it into a number or a text)`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (parents.includes(value)) return `${place} contains itself`;
  if (parents.length === DEEPEST) return 'it is nested too deeply';
  for (const [key, child] of Object.entries(value)) {
    const childPath = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const found = findCulprit(child, childPath, [...parents, value]);
    if (found) return found;
  }
  return undefined;
}
