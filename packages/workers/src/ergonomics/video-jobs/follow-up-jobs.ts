import { createGatewayCaller } from '@spillway/artifacts';
import { nativePath } from '@spillway/protocol';
import type { FollowUpState } from '@spillway/protocol/v1';
import { ApiError, createClient } from '@spillway/sdk/client';
import { fetchSoundly } from '@spillway/sdk/net';
import type { Environment } from '../../environment.ts';
import { readWorkerLink } from '../../storage/worker-link.ts';

/** How this worker goes on after the job that it runs: with another job of its own endpoint. */
export interface FollowUpJobs {
  /** Which server, in words. */
  readonly place: string;
  /** Submits it; answers its id, or undefined where the key is for no such thing. `from` is the job that the worker runs. */
  submit(from: string, input: Record<string, unknown>, timeoutMs: number): Promise<string | undefined>;
  /** Undefined where the server knows nothing of it any more. */
  state(id: string): Promise<JobState | undefined>;
  cancel(id: string): Promise<void>;
}

export interface JobState {
  /** In RunPod's words. */
  readonly status: string;
  readonly error?: string | undefined;
}

/** Waiting and running together. */
const TTL_MS = 7 * 86_400_000;
const RUNPOD_URL = 'https://api.runpod.ai/v2';

/**
 * By the gateway with the worker's own key; on RunPod's service by its job API with RUNPOD_API_KEY, since there a worker's
 * own key submits nothing. Undefined where there is neither: then a job stays open until its work is done.
 */
export function createFollowUpJobs(
  env: Environment,
  ask: typeof fetch = fetchSoundly,
): FollowUpJobs | undefined {
  const link = readWorkerLink(env);
  if (link?.kind === 'gateway') return byGateway(link, ask);
  const apiKey = env.RUNPOD_API_KEY?.trim();
  return link && apiKey ? byRunPod(link.endpoint, apiKey, ask) : undefined;
}

function byGateway(
  link: { origin: string; endpoint: string; workerId: string; key: string },
  ask: typeof fetch,
): FollowUpJobs {
  const call = createGatewayCaller(link, ask);
  const jobs = nativePath.followUps(link.endpoint, link.workerId);
  const stateOf = async (reply: Response) => (await reply.json()) as FollowUpState;
  return {
    place: `gateway ${link.origin}`,
    async submit(from, input, executionTimeoutMs) {
      const body = { from, input, executionTimeoutMs, ttlMs: TTL_MS };
      return (await stateOf(await call({ method: 'POST', path: jobs, body }))).id;
    },
    async state(id) {
      const path = nativePath.followUp(link.endpoint, link.workerId, id);
      const reply = await call({ method: 'GET', path }).catch(unknown);
      return reply && stateOf(reply);
    },
    async cancel(id) {
      const path = `${nativePath.followUp(link.endpoint, link.workerId, id)}/cancel`;
      await call({ method: 'POST', path, body: {} }).catch(unknown);
    },
  };
}

function unknown(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
  throw error;
}

function byRunPod(name: string, apiKey: string, ask: typeof fetch): FollowUpJobs {
  const endpoint = createClient({ baseUrl: RUNPOD_URL, apiKey, fetch: ask }).endpoint(name);
  const gone = (error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  };
  return {
    place: `RunPod endpoint ${name}`,
    async submit(_from, input, executionTimeout) {
      const submitted = endpoint.run(input, { policy: { executionTimeout, ttl: TTL_MS } });
      // RunPod gives its pods keys of their own under the same name, which need not be good for jobs.
      return submitted.then(
        ({ id }) => id,
        (error: unknown) => {
          if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return undefined;
          throw error;
        },
      );
    },
    async state(id) {
      const reply = await endpoint.status(id).catch(gone);
      return reply && { status: reply.status, error: reply.error };
    },
    async cancel(id) {
      await endpoint.cancel(id).catch(gone);
    },
  };
}
