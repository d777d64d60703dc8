import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { App } from './app.ts';
import { type ArrivalLimit, refuseUnreadable, serverTiming } from './request-arrival.ts';
import { artifactDataRoutes } from './routes/artifact-data.ts';
import { followUpRoutes } from './routes/follow-ups.ts';
import { workerFileRoutes } from './routes/worker-files.ts';
import { workerJobRoutes } from './routes/worker-jobs.ts';

/**
 * A second address of the same server through which only workers get in: for a network from which nobody is to submit
 * or look at jobs. Whatever else is asked for there does not exist.
 */
export interface WorkerDoor {
  /** Resolves to the port. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  close(): Promise<void>;
}

/** `/v2/:endpoint/ping/:worker` and its siblings; no part of a path may be empty or hold a slash, but for keys. */
const WORKER_PATHS = [...workerJobRoutes, ...workerFileRoutes, ...followUpRoutes, ...artifactDataRoutes].map(
  ({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace(/\*$/, '.+')}/?$`),
);

export function createWorkerDoor(app: App, arrival: ArrivalLimit): WorkerDoor {
  const server = createServer(serverTiming(arrival), (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (WORKER_PATHS.some((one) => one.test(path))) return app.answer(request, response);
    const detail = 'this address serves workers only';
    const body = { status: 404, title: 'Not Found', detail, error: detail, code: 'ROUTE_NOT_FOUND' };
    response.writeHead(404, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
    response.end(JSON.stringify(body));
  });
  server.on('clientError', (error, socket) => refuseUnreadable(error, socket as Socket));
  return {
    async listen({ host, port }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      return (server.address() as AddressInfo).port;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
