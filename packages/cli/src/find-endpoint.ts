import { CliError, EXIT } from './cli-error.ts';
import type { Connection } from './connection.ts';
import { createGatewayApi } from './gateway-api.ts';

/** What of `/v1/endpoints` every command looks at. */
export interface NamedEndpoint {
  readonly name: string;
  readonly worker?: string;
}

/** @throws CliError with the names that there are, for an endpoint that is not there; also when no gateway answers. */
export async function findEndpoint<Endpoint extends NamedEndpoint>(
  connection: Connection,
  name: string,
): Promise<Endpoint> {
  const api = createGatewayApi(connection);
  const { endpoints } = await api.get<{ endpoints: readonly Endpoint[] }>('/v1/endpoints');
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (found) return found;
  const names = endpoints.map((endpoint) => endpoint.name).join(', ') || 'none';
  throw new CliError(
    'ENDPOINT_NOT_FOUND',
    `no endpoint is named ${name} at ${connection.url}; endpoints: ${names}`,
    EXIT.wrongUse,
  );
}
