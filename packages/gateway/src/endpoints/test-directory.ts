import type { Endpoint } from './endpoint.ts';
import { createEndpointDirectory, type EndpointDirectory } from './endpoint-directory.ts';
import type { EndpointState } from './endpoint-store.ts';

/** A directory of these endpoints that keeps its changes in memory. For tests. */
export function createTestDirectory(...endpoints: readonly Endpoint[]): EndpointDirectory {
  const states = new Map<string, EndpointState>();
  return createEndpointDirectory(endpoints, {
    load: () => states,
    save: (name, state) => void states.set(name, state),
  });
}
