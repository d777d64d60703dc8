import type { ApiError } from '@spillway/sdk/client';
import { wrongUse } from '../cli-error.ts';
import { type Check, CheckSkipped } from './check.ts';
import { createJobApi } from './job-api-target.ts';
import type { SmokeTarget } from './target.ts';

const RUNPOD_URL = 'https://api.runpod.ai/v2';

/** An endpoint of RunPod's service, with the key of the environment. @throws CliError without one. */
export function createRunpodTarget(
  endpointId: string,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): SmokeTarget {
  const apiKey = env.RUNPOD_API_KEY;
  if (!apiKey) throw wrongUse('RUNPOD_API_KEY is not set; --runpod needs a key of your RunPod account');
  const baseUrl = checkBaseUrl(env.RUNPOD_ENDPOINT_BASE_URL || RUNPOD_URL);
  const { origin } = new URL(baseUrl);
  const api = createJobApi({
    baseUrl,
    apiKey,
    endpoint: endpointId,
    timeoutMs,
    explain: (error) => explain(origin, endpointId, error),
  });
  const health: Check = { name: 'health', run: () => api.health() };
  const info: Check = {
    name: 'info',
    async run() {
      throw new CheckSkipped("RunPod's job API tells nothing of a worker");
    },
  };
  return {
    kind: 'runpod',
    label: `endpoint ${endpointId} at ${origin}`,
    signedName: endpointId,
    isLocal: false,
    checks: [health, info],
    run: api.run,
  };
}

/** The variable of RunPod's own Python client, with its rule that the path is part of it. */
function checkBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  if (url && /^https?:$/.test(url.protocol) && path.endsWith('/v2')) return `${url.origin}${path}`;
  throw wrongUse(
    `RUNPOD_ENDPOINT_BASE_URL: expected an address that ends in /v2, such as ${RUNPOD_URL}, found "${text}"`,
  );
}

function explain(origin: string, endpointId: string, error: ApiError): string | undefined {
  if (error.status === 401 || error.status === 403)
    return `${origin} refuses the key of RUNPOD_API_KEY (HTTP ${error.status})`;
  if (error.status === 404)
    return `${origin} has no endpoint ${endpointId} for the key of RUNPOD_API_KEY (HTTP 404)`;
  return undefined;
}
