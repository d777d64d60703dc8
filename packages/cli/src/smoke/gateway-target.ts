import type { ApiError } from '@spillway/sdk/client';
import { CliError, EXIT } from '../cli-error.ts';
import { type Connection, isLoopback } from '../connection.ts';
import { findEndpoint, type NamedEndpoint } from '../find-endpoint.ts';
import { refusal } from '../gateway-api.ts';
import { type Check, CheckFailed } from './check.ts';
import { createJobApi } from './job-api-target.ts';
import type { SmokeTarget } from './target.ts';

/** What of `/v1/endpoints` a smoke test looks at. */
export interface EndpointFacts extends NamedEndpoint {
  readonly type?: string;
  readonly backends?: readonly string[];
  readonly isPaused?: boolean;
  readonly settings?: { readonly workers?: { readonly max?: { readonly value?: number } } };
  readonly problem?: { readonly message: string };
}

/** @throws CliError for an endpoint that is not there or takes no jobs, or when no gateway answers. */
export async function findJobEndpoint(connection: Connection, name: string): Promise<EndpointFacts> {
  const found = await findEndpoint<EndpointFacts>(connection, name);
  if (found.type === 'LOAD_BALANCER') {
    throw new CliError(
      'NO_JOBS',
      `${name} is a load-balancing endpoint and takes no jobs; check one of its workers with --pod and its address`,
      EXIT.wrongUse,
    );
  }
  return found;
}

export function createGatewayTarget(
  connection: Connection,
  endpoint: EndpointFacts,
  timeoutMs: number,
): SmokeTarget {
  const { url, key } = connection;
  const { name } = endpoint;
  const api = createJobApi({
    baseUrl: `${url}/v2`,
    apiKey: key,
    endpoint: name,
    timeoutMs,
    explain: (error) => explain(url, error),
  });
  const health: Check = { name: 'health', run: () => api.health() };
  const info: Check = { name: 'info', run: async () => describeEndpoint(endpoint) };
  return {
    kind: 'gateway',
    label: `${name} at ${url}`,
    signedName: name,
    isLocal: isLoopback(url),
    checks: [health, info],
    run: api.run,
  };
}

function explain(url: string, error: ApiError): string | undefined {
  const isOfAll = error.status === 401 || error.status === 403 || error.code === 'ENDPOINT_NOT_FOUND';
  return isOfAll ? refusal(url, error).message : undefined;
}

function describeEndpoint({ name, worker, backends = [], isPaused, settings, problem }: EndpointFacts) {
  if (problem) throw new CheckFailed(problem.message);
  if (isPaused)
    throw new CheckFailed(`the endpoint is paused; \`spillway endpoints resume ${name}\` ends that`);
  const max = settings?.workers?.max?.value;
  const runs = worker === undefined ? 'a worker of yours' : `the built-in worker ${worker}`;
  const where = backends.length === 0 ? '' : `, backend ${backends.join(', ')}`;
  return `${runs}${where}${max === undefined ? '' : `, at most ${max} at once`}`;
}
