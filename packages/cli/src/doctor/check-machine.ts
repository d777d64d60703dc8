import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import type { GatewayConfig } from '@spillway/gateway';
import { hostPort } from '@spillway/sdk/net';
import { bytesText } from '../text.ts';
import type { Finding } from './finding.ts';

/** What a gateway needs of this machine: Node, a folder, room in it, a port. */
const NEEDED_NODE_MAJOR = 24;
const NEEDED_BYTES = 500_000_000;

export function checkNode(version = process.versions.node): Finding {
  const isOk = Number(version.split('.')[0]) >= NEEDED_NODE_MAJOR;
  return isOk
    ? { name: 'node', status: 'ok', detail: `${version} (${process.execPath})` }
    : {
        name: 'node',
        status: 'missing',
        detail: `${version} is too old`,
        remedy: `install Node ${NEEDED_NODE_MAJOR} or newer from https://nodejs.org`,
      };
}

export async function checkDataDirectory(dataDir: string): Promise<Finding[]> {
  const nearest = await nearestExisting(dataDir);
  const isWritable = await access(nearest, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const { bavail, bsize } = await statfs(nearest);
  const free = bavail * bsize;
  return [
    isWritable
      ? {
          name: 'data directory',
          status: 'ok',
          detail: nearest === dataDir ? dataDir : `${dataDir} (will be made)`,
        }
      : {
          name: 'data directory',
          status: 'missing',
          detail: `this user may not write in ${nearest}`,
          remedy: 'name another folder with --data, or `data` in spillway.yaml',
        },
    free >= NEEDED_BYTES
      ? { name: 'disk space', status: 'ok', detail: `${bytesText(free)} free` }
      : {
          name: 'disk space',
          status: 'missing',
          detail: `${bytesText(free)} free in ${nearest}; jobs and results need ${bytesText(NEEDED_BYTES)}`,
          remedy: 'free some, or name a folder on another disk with --data',
        },
  ];
}

async function nearestExisting(folder: string): Promise<string> {
  for (let here = folder; ; here = path.dirname(here)) {
    const isThere = await access(here).then(
      () => true,
      () => false,
    );
    if (isThere || path.dirname(here) === here) return here;
  }
}

/** Free, or taken by a gateway that runs already. */
export async function checkPort({ host, port }: GatewayConfig['listen']): Promise<Finding> {
  const address = hostPort(host, port);
  const problem = await tryListen(host, port);
  if (problem === undefined) return { name: 'port', status: 'ok', detail: `${address} is free` };
  if (problem === 'EADDRINUSE' && (await isGateway(`http://${address}`))) {
    return { name: 'port', status: 'ok', detail: `a gateway runs at ${address}` };
  }
  const detail =
    problem === 'EADDRINUSE' ? `another program listens at ${address}` : `${address}: ${problem}`;
  return {
    ...{ name: 'port', status: 'missing', detail },
    remedy: 'choose another with `spillway up --port`, or `listen` in spillway.yaml',
  };
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

async function isGateway(origin: string): Promise<boolean> {
  const answer = await fetch(`${origin}/livez`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return answer?.ok ?? false;
}
