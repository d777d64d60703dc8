import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type GatewayProcess, launchGateway, spawnGateway } from '../harness/gateway-process.ts';
import type { Link } from './load.ts';

/** One gateway after the other over the same folder and at the same address. */
export interface CrashGateway extends Link {
  /** Starts it and waits until it is ready; answers how long that took. */
  start(): Promise<number>;
  kill(): Promise<void>;
  /** Starts one and kills it `afterMs` later, ready or not. */
  killEarly(afterMs: number): Promise<void>;
  /** The last one goes; whoever waits for another hears that there is none. */
  stop(): Promise<void>;
}

export function createCrashGateway(folder: string, listen: string): CrashGateway {
  const env = { SPILLWAY_TEST_LISTEN: listen };
  let current: GatewayProcess | undefined;
  let arrival = Promise.withResolvers<GatewayProcess>();
  let generation = 0;
  let isOver = false;

  function leave(): GatewayProcess {
    if (!current) throw new Error('no gateway runs');
    const left = current;
    current = undefined;
    arrival = Promise.withResolvers();
    return left;
  }

  return {
    up: async () => current ?? arrival.promise,
    isOver: () => isOver,
    generation: () => generation,
    async start() {
      const startedAt = performance.now();
      current = await spawnGateway(folder, [], env);
      generation += 1;
      arrival.resolve(current);
      return performance.now() - startedAt;
    },
    kill: () => leave().kill(),
    async killEarly(afterMs) {
      const child = launchGateway(folder, [], env);
      const exited = once(child, 'exit');
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      const last = current && leave();
      isOver = true;
      arrival.promise.catch(() => {});
      arrival.reject(new Error('there will be no further gateway'));
      await last?.stop();
    },
  };
}

/** An address that is free, and stays so: below the range from which the system gives ports to outgoing connections. */
export async function freeAddress(): Promise<string> {
  for (let port = 18_000 + (process.pid % 10_000); ; port += 1) {
    if (await canListen(port)) return `127.0.0.1:${port}`;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => {
      const isSame = (server.address() as AddressInfo).port === port;
      server.close(() => resolve(isSame));
    });
  });
}
