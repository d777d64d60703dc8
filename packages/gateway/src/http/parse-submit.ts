import { POLICY_LIMITS, type SubmitBody, submitBodySchema } from '@spillway/protocol';
import type { z } from 'zod';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { GatewayError } from '../errors.ts';
import type { Submission } from '../jobs/queue.ts';
import { joinJsonObject, readJsonObject } from '../lib/json-slices.ts';

/**
 * What of a submit is no extra that travels to the worker, as `webhook` does: `policy` is ours, and in `_spillway` the
 * gateway itself says whose the job is.
 */
const KEPT_HERE = new Set(['input', 'policy', 'id', '_spillway']);

/** A checked submit. Throws INPUT_INVALID that names every wrong field. */
export function parseSubmit(body: string, endpoint: Endpoint, isSync: boolean, keyId?: string): Submission {
  const { slices, value } = parseObject(body);
  const { policy, webhook } = isInputOnly(value) ? NOTHING_ELSE : checkedSubmit(value);
  const extras = slices.size === 1 ? [] : [...slices].filter(([key]) => !KEPT_HERE.has(key));
  return {
    endpoint: endpoint.name,
    input: slices.get('input') ?? '{}',
    extras: extras.length > 0 ? joinJsonObject(extras) : undefined,
    webhook,
    isLowPriority: policy?.lowPriority ?? false,
    executionTimeoutMs: policy?.executionTimeout ?? endpoint.executionTimeoutMs,
    ttlMs: policy?.ttl ?? endpoint.ttlMs,
    limits: endpoint.retries,
    isSync,
    keyId,
  };
}

const NOTHING_ELSE: Pick<SubmitBody, 'policy' | 'webhook'> = {};

/** Whether the schema would find nothing but an input that it takes: nearly always so, and this is far cheaper. */
export function isInputOnly({ input, policy, webhook, s3Config }: Record<string, unknown>): boolean {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return isObject && policy === undefined && webhook === undefined && s3Config === undefined;
}

function checkedSubmit(value: Record<string, unknown>): SubmitBody {
  const checked = submitBodySchema.safeParse(value);
  if (checked.success) return checked.data;
  throw new GatewayError('INPUT_INVALID', `bad request: ${describe(checked.error, value)}`);
}

/** A JSON object as slices and as a value. Throws INPUT_INVALID. */
export function parseObject(body: string): { slices: Map<string, string>; value: Record<string, unknown> } {
  if (body.trim() === '') {
    throw new GatewayError(
      'INPUT_INVALID',
      'bad request: body: expected a JSON object such as {"input":{…}}, got nothing',
    );
  }
  try {
    return readJsonObject(body);
  } catch (error) {
    throw new GatewayError('INPUT_INVALID', `bad request: body: not a JSON object (${reasonOf(error)})`);
  }
}

function reasonOf(error: unknown): string {
  // The parser quotes what it found, which may be long.
  return error instanceof Error ? error.message.slice(0, 120) : 'unreadable';
}

function describe(error: z.ZodError, value: Record<string, unknown>): string {
  return error.issues
    .map((issue) => {
      const path = issue.path.join('.');
      if (path === 'input') {
        const fix = 'a JSON object, such as {"input":{"prompt":"…"}}';
        return 'input' in value ? `input: expected ${fix}` : `input: missing; expected ${fix}`;
      }
      const limits = POLICY_LIMITS[issue.path[1] as keyof typeof POLICY_LIMITS];
      if (issue.path[0] === 'policy' && limits)
        return `${path}: expected ${limits.min} to ${limits.max} milliseconds`;
      return `${path}: ${issue.message}`;
    })
    .join('; ');
}
