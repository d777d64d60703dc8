import type { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { parseObject } from './parse-submit.ts';

/** The body of a `/v1` call as its schema gives it. Throws INPUT_INVALID that names every wrong field. */
export function parseBody<S extends z.ZodType>(schema: S, body: string): z.output<S> {
  return checkValue(schema, parseObject(body).value);
}

/** The same for a body that may be left out. */
export function parseOptionalBody<S extends z.ZodType>(schema: S, body: string): z.output<S> {
  return checkValue(schema, body.trim() === '' ? {} : parseObject(body).value);
}

/**
 * Query parameters as a schema gives them; all of them are texts. Throws INPUT_INVALID for others, too: a filter with a
 * slip of the pen would mean everything.
 */
export function checkQuery<S extends z.ZodObject>(
  schema: S,
  query: Readonly<Record<string, string>>,
): z.output<S> {
  const known = Object.keys(schema.shape);
  const others = Object.keys(query).filter((name) => !known.includes(name));
  if (others.length > 0)
    throw new GatewayError('INPUT_INVALID', `${others.join(', ')}: unknown; expected ${known.join(', ')}`);
  return checkValue(schema, query);
}

/** A value that came with a call as its schema gives it. Throws INPUT_INVALID that names every wrong field. */
export function checkValue<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new GatewayError('INPUT_INVALID', problems.join('; '));
}
