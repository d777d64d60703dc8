import { createServer } from 'node:net';

/**
 * Ports of this machine for workers that serve HTTP themselves. Two workers never get the same one; another program can
 * still take it before its worker does, and then that start fails like any other.
 */
export interface FreePorts {
  take(): Promise<number>;
  /** After the end of the worker that had it. */
  giveBack(port: number): void;
}

/** Addresses of a worker on this machine. */
export interface WorkerAddress {
  readonly port: number;
  /** Where its health is asked for; mostly the same. */
  readonly healthPort: number;
}

/** Below the ports that Linux and macOS give to outgoing connections, which would take them away again. */
const FIRST = 20_000;
const COUNT = 12_000;
const TRIES = 200;

export function createFreePorts(random: () => number = Math.random): FreePorts {
  const taken = new Set<number>();
  return {
    async take() {
      for (let i = 0; i < TRIES; i += 1) {
        const port = FIRST + Math.floor(random() * COUNT);
        if (taken.has(port)) continue;
        taken.add(port);
        if (await isFree(port)) return port;
        taken.delete(port);
      }
      throw new Error(`no free port was found between ${FIRST} and ${FIRST + COUNT - 1}`);
    },
    giveBack: (port) => void taken.delete(port),
  };
}

/** On all addresses: a worker may listen on any. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
