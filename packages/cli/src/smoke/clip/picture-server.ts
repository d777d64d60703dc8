import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves one picture on loopback, under a path that nobody guesses, for a worker on this machine to fetch. */
export interface PictureServer {
  readonly url: string;
  stop(): void;
}

export async function servePicture(png: Buffer): Promise<PictureServer> {
  const path = `/${randomBytes(16).toString('hex')}.png`;
  const server = createServer((request, response) => {
    if (request.url !== path) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'image/png', 'content-length': png.length }).end(png);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
