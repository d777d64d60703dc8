import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createClient } from '@spillway/sdk/client';
import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { type BuiltInWorkers, parseConfig } from '../src/config/index.ts';
import { createGateway } from '../src/gateway.ts';

export const ADMIN_KEY = 'spk_key-of-the-tests';

export interface ArtifactGateway {
  readonly url: string;
  readonly folder: string;
  readonly client: ReturnType<typeof createClient>;
  call(method: string, path: string, body?: unknown, key?: string): Promise<Response>;
  /** Moves its time. */
  advance(ms: number): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A gateway on a free port, without endpoints unless `yaml` has some; its artifacts are on disk unless `env` says otherwise. */
export async function startArtifactGateway(
  env: Record<string, string> = {},
  yaml = '',
  builtInWorkers: BuiltInWorkers = {},
): Promise<ArtifactGateway> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-artifacts-'));
  const system = createSystemClock();
  let ahead = 0;
  const clock: Clock = { ...system, now: () => system.now() + ahead };
  const parsed = parseConfig(yaml, { path: path.join(folder, 'spillway.yaml'), env: {}, builtInWorkers });
  if (!parsed.ok)
    throw new Error(parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const config = { ...parsed.config, listen: { host: '127.0.0.1', port: 0 } };
  const start = async () => {
    const log = pino({ level: process.env.SPILLWAY_TEST_LOG ?? 'silent' });
    const made = createGateway({
      config,
      adminKey: ADMIN_KEY,
      log,
      clock,
      hostEnv: { ...process.env, ...env },
    });
    await made.start();
    return made;
  };
  let gateway = await start();
  return {
    folder,
    get url() {
      return gateway.url;
    },
    get client() {
      return createClient({ baseUrl: `${gateway.url}/v2`, apiKey: ADMIN_KEY });
    },
    call: (method, target, body, key = ADMIN_KEY) =>
      fetch(gateway.url + target, {
        method,
        headers: { authorization: `Bearer ${key}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    advance(ms) {
      ahead += ms;
    },
    async restart() {
      await gateway.stop();
      gateway = await start();
    },
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true });
    },
  };
}
