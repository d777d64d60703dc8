import { API_PREFIX, type JobReply, POLICY_LIMITS } from '@spillway/protocol';
import { ApiError, apiErrorOf } from '../client/api-error.ts';
import { createClient } from '../client/client.ts';
import { jobReplyOf } from '../client/job-reply.ts';
import type { Clock } from '../clock/clock.ts';
import { describeNetworkError } from '../describe-error.ts';
import type { ClipPlace } from './clip-settings.ts';
import type { ClipInput } from './sign-input.ts';

/** Runs an input at a place to its end. Throws ApiError, or the signal's reason. */
export type CallPlace = (input: ClipInput, signal: AbortSignal) => Promise<JobReply>;

export interface CallParts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: () => number;
}

/** By the place's address: a job API, or one worker that serves HTTP itself. */
export function createCallPlace(place: ClipPlace, parts: CallParts): CallPlace {
  const url = place.url.replace(/\/+$/, '');
  return url.endsWith(API_PREFIX) ? viaJobs({ ...place, url }, parts) : viaWorker({ ...place, url }, parts);
}

function viaJobs({ url, apiKey = '', endpoint, timeoutMs }: ClipPlace, parts: CallParts): CallPlace {
  const client = createClient({ baseUrl: url, apiKey, giveUpAfterMs: timeoutMs, ...parts });
  // A job that nobody waits for any more ends by itself, unpaid for.
  const ttl = Math.min(POLICY_LIMITS.ttl.max, Math.max(POLICY_LIMITS.ttl.min, timeoutMs));
  return (input, signal) => client.endpoint(endpoint).runSync({ ...input }, { signal, policy: { ttl } });
}

function viaWorker({ url, apiKey }: ClipPlace, { fetch }: CallParts): CallPlace {
  return async (input, signal) => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}/runsync`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify({ input }),
        signal,
      });
      text = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      const detail = `no answer from ${url} (${describeNetworkError(error)}). Is the worker running and the address right?`;
      throw new ApiError({ status: 0, code: 'UNREACHABLE', detail, cause: error });
    }
    if (!response.ok) throw apiErrorOf(response.status, text, response.headers.get('retry-after'));
    return jobReplyOf(parseObject(text));
  };
}

function parseObject(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    const detail = `expected a JSON object, got "${text.slice(0, 100)}". Is this the address of a worker?`;
    throw new ApiError({ status: 200, code: 'BAD_REPLY', detail });
  }
}
