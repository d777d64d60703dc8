import { type PoolWorkerCreated, poolWorkerCreateSchema } from '@spillway/protocol/v1';
import { takesPoolWorkers } from '../../endpoints/endpoint.ts';
import { GatewayError } from '../../errors.ts';
import { workerDocs } from '../openapi/native-docs.ts';
import { parseOptionalBody } from '../parse-body.ts';
import { type Call, endpointOf, type Route } from '../route.ts';

/** What somebody needs to connect a worker from elsewhere: an id, a key of its own, and the environment to start it in. */
export const poolRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v1/endpoints/:endpoint/pool-workers',
    doc: workerDocs.createPoolWorker,
    scopes: [],
    handle: createPoolWorker,
  },
];

function createPoolWorker(call: Call): PoolWorkerCreated {
  const endpoint = endpointOf(call);
  const { fleet, keys } = call.parts;
  const { name: endpointName } = endpoint;
  const { name, origin } = parseOptionalBody(poolWorkerCreateSchema, call.body);
  if (!takesPoolWorkers(endpoint)) {
    throw new GatewayError(
      'INPUT_INVALID',
      `the endpoint ${endpointName} takes no workers from elsewhere: add \`pool\` to endpoints.${endpointName}.backends in spillway.yaml`,
    );
  }
  const workerId = fleet.pool.newId();
  const key = keys.create({
    name: name ?? `pool worker ${workerId}`,
    scope: 'worker',
    endpoints: [endpointName],
  });
  const reached = (origin ?? fleet.pool.origin).replace(/\/+$/, '').replace(/\/v2$/, '');
  return {
    endpoint: endpointName,
    workerId,
    origin: reached,
    keyId: key.record.id,
    env: fleet.pool.environment({ endpoint: endpointName, workerId, key: key.secret, origin: reached }),
  };
}
