import { GatewayError } from '../../errors.ts';
import type { Submission } from '../../jobs/queue.ts';
import { parseObject, parseSubmit } from '../parse-submit.ts';
import { type Call, endpointOf, waitOf } from '../route.ts';

/** How long a call waits for its answer, or a streaming one for its first chunk, in milliseconds. */
export const OPENAI_WAIT = { min: 1_000, max: 300_000, default: 300_000 } as const;

/** A call of OpenAI's API as the job that answers it. */
export interface OpenAiRequest {
  readonly submission: Submission;
  readonly isStream: boolean;
  readonly waitMs: number;
}

/** Throws ENDPOINT_NOT_FOUND and INPUT_INVALID. */
export function parseOpenAiRequest(call: Call): OpenAiRequest {
  const endpoint = endpointOf(call);
  const waitMs = waitOf(call, OPENAI_WAIT);
  const route = JSON.stringify(`/${call.params['*'] ?? ''}`);
  const { text, isStream } = bodyOf(call);
  const submission = parseSubmit(
    `{"input":{"openai_route":${route},"openai_input":${text}}}`,
    endpoint,
    true,
  );
  // Nobody can fetch the result once the call is over, so a job that outlives it (a gateway that was killed) soon ends.
  const ttlMs = Math.min(submission.ttlMs, waitMs + submission.executionTimeoutMs);
  return { submission: { ...submission, ttlMs }, isStream, waitMs };
}

function bodyOf(call: Call): { text: string; isStream: boolean } {
  const { method, headers } = call.reply.request;
  if (method === 'GET') return { text: '{}', isStream: false };
  if (headers['content-type']?.startsWith('multipart/')) {
    const advice = 'a worker gets JSON only, so send the file as base64 or as a URL inside it';
    throw new GatewayError('INPUT_INVALID', `bad request: body: expected JSON, got a form; ${advice}`);
  }
  const { value } = parseObject(call.body);
  return { text: call.body, isStream: value.stream === true };
}
