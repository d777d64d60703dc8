import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ADMIN_KEY } from '../../e2e/harness/start-gateway.ts';
import { GATEWAY_NODE_FLAGS } from '../../packages/cli/bin/node-flags.mjs';
import type { Cores } from './cores.ts';
import { bullmqFolder, findRedis } from './peers.ts';
import { freePort, type Server, type Stage } from './stage.ts';

/** Every server of the bench, each a process of its own on the core for servers. */
const GATEWAY = path.join(import.meta.dirname, '../../e2e/harness/gateway-main.ts');
const NOOP = path.join(import.meta.dirname, 'noop-server.ts');
const BULLMQ = path.join(import.meta.dirname, 'bullmq-server.ts');

/** The key that all load is sent with. */
export const KEY = ADMIN_KEY;

export interface Site {
  readonly stage: Stage;
  readonly cores: Cores;
}

/** An endpoint whose worker side the load generator plays. */
export function playedEndpoint(name: string): string {
  return `  ${name}:\n    command: ['true']\n    workers: { max: 0 }\n`;
}

/** A gateway over the endpoints given as YAML; `folder` has its data afterwards. */
export async function startGateway(
  { stage, cores }: Site,
  endpoints: string,
  folder = stage.folder(),
): Promise<Server> {
  writeFileSync(path.join(folder, 'endpoints.yaml'), `endpoints:\n${endpoints}`);
  const command = [process.execPath, ...GATEWAY_NODE_FLAGS, GATEWAY, folder];
  return stage.start([...cores.server, ...command], { ready: /^http:/ });
}

export function startNoop({ stage, cores }: Site): Promise<Server> {
  return stage.start([...cores.server, process.execPath, NOOP]);
}

/** BullMQ over a Redis of our own that syncs its log every second. Throws NotAvailable. */
export async function startBullmq({ stage, cores }: Site): Promise<Server> {
  const folder = bullmqFolder();
  const redis = findRedis();
  const port = await freePort();
  const settings = {
    '--port': port,
    '--bind': '127.0.0.1',
    '--dir': stage.folder(),
    '--save': '',
    '--appendonly': 'yes',
    '--appendfsync': 'everysec',
  };
  const args = Object.entries(settings).flat().map(String);
  await stage.start([...cores.database, redis.program, ...args], {
    env: redis.env,
    ready: /Ready to accept connections/,
  });
  return stage.start([...cores.server, process.execPath, BULLMQ, folder, String(port)], { ready: /^http:/ });
}
