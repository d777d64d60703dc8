import { POLICY_LIMITS } from '@spillway/protocol';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { GatewayError } from '../../errors.ts';
import type { Submission } from '../../jobs/queue.ts';
import { sliceJsonArray, sliceJsonObject } from '../../lib/json-slices.ts';
import { parseSubmit } from '../parse-submit.ts';

/** Below 0, the priority of jobs that somebody waits for: a batch never delays those. */
const BATCH_PRIORITY = -1;
const PROBLEMS_SHOWN = 5;

/**
 * A request of a batch as a job: what `/run` would make of it, of lower priority, with `batchId` for the worker. It may
 * wait as long as a job can, unless it says otherwise, since a batch is in no hurry. Throws INPUT_INVALID.
 */
export function batchSubmission(
  endpoint: Endpoint,
  batchId: string,
  body: string,
  keyId?: string,
): Submission {
  const withBatchId = `${body.trimEnd().slice(0, -1)},"batchId":${JSON.stringify(batchId)}}`;
  const submission = parseSubmit(withBatchId, endpoint, false, keyId);
  const ttlMs = hasOwnTtl(body) ? submission.ttlMs : POLICY_LIMITS.ttl.max;
  return { ...submission, ttlMs, priority: BATCH_PRIORITY };
}

function hasOwnTtl(body: string): boolean {
  const policy = sliceJsonObject(body).get('policy');
  return policy !== undefined && sliceJsonObject(policy).has('ttl');
}

/** The bodies of a list of requests, checked as `/run` checks them. Throws INPUT_INVALID that names the first wrong ones. */
export function parseRequests(list: string, endpoint: Endpoint): readonly string[] {
  const bodies = sliceList(list);
  const problems: string[] = [];
  for (const [index, body] of bodies.entries()) {
    const problem = problemOf(body, endpoint);
    if (problem !== undefined) problems.push(`[${index}] ${problem}`);
    if (problems.length === PROBLEMS_SHOWN) break;
  }
  if (problems.length > 0) {
    throw new GatewayError('INPUT_INVALID', `bad request: ${problems.join('; ')}; nothing was added`);
  }
  return bodies;
}

/** The value of `requests` in the body of an append. Throws INPUT_INVALID. */
export function requestsIn(slices: ReadonlyMap<string, string>): string {
  const list = slices.get('requests');
  if (list !== undefined) return list;
  throw new GatewayError(
    'INPUT_INVALID',
    'bad request: requests: missing; expected {"requests":[{"input":{…}}, …]}',
  );
}

function sliceList(list: string): readonly string[] {
  try {
    return sliceJsonArray(list);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 120) : 'unreadable';
    throw new GatewayError(
      'INPUT_INVALID',
      `bad request: expected a JSON list of requests such as [{"input":{…}}], which may be empty (${reason})`,
    );
  }
}

function problemOf(body: string, endpoint: Endpoint): string | undefined {
  try {
    parseSubmit(body, endpoint, false);
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error.message.replace(/^bad request: /, '');
    throw error;
  }
}
