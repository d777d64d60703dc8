import { lookup } from 'node:dns/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Longer than the idle time of any load balancer, so that none meets a connection that was just closed. */
const KEEP_ALIVE_MS = 72_000;

export interface HttpServerOptions extends ServerOptions {
  readonly onRequest: RequestListener;
  readonly onUnreadable: (error: Error, socket: Socket) => void;
}

export interface Listening {
  /** The first; a name such as `localhost` may have two addresses. */
  readonly server: Server;
  /** Answers where it listens, as a URL. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** Cuts what is open. */
  close(): Promise<void>;
}

/** Node's server, on each address that a name has. */
export function createHttpServer({ onRequest, onUnreadable, ...options }: HttpServerOptions): Listening {
  function create(): Server {
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, ...options }, onRequest);
    server.on('clientError', (error, socket) => onUnreadable(error, socket as Socket));
    return server;
  }
  const first = create();
  const others: Server[] = [];

  return {
    server: first,
    async listen({ host, port }) {
      const [address = host, ...more] = host === 'localhost' ? await addressesOf(host) : [host];
      await open(first, address, port);
      const bound = (first.address() as AddressInfo).port;
      for (const one of more) {
        const server = create();
        // What the machine has no such address for, it has none to be called at either.
        await open(server, one, bound).then(
          () => others.push(server),
          () => undefined,
        );
      }
      return urlOf(first.address() as AddressInfo);
    },
    async close() {
      await Promise.all([first, ...others].map(shut));
    },
  };
}

async function addressesOf(host: string): Promise<string[]> {
  const all = await lookup(host, { all: true });
  return [...new Set(all.map(({ address }) => address))];
}

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** One that can be called: every address is no address. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (family === 'IPv6') return `http://[${address === '::' ? '::1' : address}]:${port}`;
  return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`;
}
