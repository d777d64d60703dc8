import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Backend } from './backend.ts';
import type { BackendPlace } from './backend-place.ts';
import { createContainerBackend } from './backends/container.ts';
import { createProcessBackend } from './backends/process.ts';
import type { HostHardware } from './host-hardware.ts';

export interface BackendsOptions extends BackendPlace {
  readonly endpoints: Iterable<Endpoint>;
  readonly hardware: HostHardware;
  /** Whether containers share this machine's network. */
  readonly hasHostNetwork: boolean;
}

/** All backends that start workers. */
export function createBackends({
  endpoints,
  hardware,
  hasHostNetwork,
  ...place
}: BackendsOptions): Backend[] {
  return [
    createProcessBackend(place),
    createContainerBackend({
      ...place,
      hasHostNetwork,
      gpuCount: hardware.gpuCount,
      isUsed: [...endpoints].some(({ container }) => container !== undefined),
    }),
  ];
}
