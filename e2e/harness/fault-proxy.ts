import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What befalls a request: a delay, an answer in place of the real one, or a real one that never gets back. */
export interface Fault {
  readonly delayMs?: number;
  /** Answered so, and not passed on. */
  readonly status?: number;
  /** Passed on; its answer is lost. */
  readonly losesAnswer?: boolean;
}

export interface FaultProxy {
  readonly url: string;
  /** Decides for each request from now on; `number` counts those of its kind from 1. */
  fault: (path: string, number: number) => Fault | undefined;
  /** Paths asked for, in order. */
  readonly seen: string[];
  /** Nobody listens at its address until it is back. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Stands before a gateway that plays RunPod and does to its calls what networks and clouds do. A function gives the
 * address of one that is started later.
 */
export async function startFaultProxy(target: string | (() => string)): Promise<FaultProxy> {
  const seen: string[] = [];
  const counts = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/';
    const kind = path.split('?')[0]?.split('/')[3] ?? '';
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    seen.push(path);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { delayMs = 0, status, losesAnswer } = proxy.fault(path, number) ?? {};
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (status !== undefined) {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status, title: 'Fault', detail: 'a fault of the test' }));
      return;
    }
    try {
      const answer = await fetch(`${typeof target === 'string' ? target : target()}${path}`, {
        method: request.method ?? 'GET',
        headers: {
          authorization: request.headers.authorization ?? '',
          'content-type': 'application/json',
        },
        ...(request.method === 'POST' ? { body: Buffer.concat(parts) } : {}),
      });
      const text = await answer.text();
      if (losesAnswer) return void request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(text);
    } catch {
      request.socket.destroy();
    }
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${port}`,
    fault: () => undefined,
    seen,
    leave: close,
    comeBack: async () => {
      if (!server.listening) await listen(port);
    },
    close,
  };
  return proxy;
}
