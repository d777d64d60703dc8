import { createServer } from 'node:net';

/** A port of loopback that nobody listened on a moment ago, for who must know an address before it is listened on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
