import type { BackendKind } from '../endpoints/endpoint.ts';
import { HOST_NAMES } from './container/arguments.ts';

/** Where the gateway can be reached, as far as it knows. */
export interface GatewayAddresses {
  /** Of its main listener, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly publicUrl?: string | undefined;
  /** Of the listener for workers, where there is one. */
  readonly workerListen?: { readonly host: string; readonly port: number } | undefined;
  readonly hostname: string;
  /** Whether containers share this machine's network. */
  readonly hasHostNetwork: boolean;
}

/** Under which address workers of a backend reach the gateway; without `/v2`. */
export function workerOrigin(backend: BackendKind, addresses: GatewayAddresses): string {
  const { url, publicUrl, workerListen, hostname, hasHostNetwork } = addresses;
  switch (backend) {
    case 'process':
      return url;
    case 'container': {
      if (hasHostNetwork) return url;
      // Docker Desktop's name for the machine; Podman knows it too (it sets both).
      return `http://${HOST_NAMES.docker}:${workerListen?.port ?? new URL(url).port}`;
    }
    case 'pool': {
      if (workerListen) return `http://${reachable(workerListen.host, hostname)}:${workerListen.port}`;
      return publicUrl ?? url;
    }
    // Its workers talk to RunPod alone.
    case 'runpod':
      return url;
  }
}

/** A listener on all addresses is reached by the machine's name. */
function reachable(host: string, hostname: string): string {
  if (['0.0.0.0', '::', ''].includes(host)) return hostname;
  return host.includes(':') ? `[${host}]` : host;
}
