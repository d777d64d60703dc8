import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, formatProblems, type Gateway, parseConfig } from '@spillway/gateway';
import { builtInWorkers } from '@spillway/workers';
import { pino } from 'pino';

export const ADMIN_KEY = 'spk_key-of-the-story-tests';

export interface TestGateway {
  readonly gateway: Gateway;
  readonly url: string;
  /** Folder of its files: the configuration, workers written by the test, and `data`. */
  readonly folder: string;
  /** Calls it with the admin key. */
  call(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
  stop(): Promise<void>;
}

/** A gateway on a free loopback port with the endpoints of `yaml`, and `files` written beside it. */
export async function startGateway(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-story-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const gateway = createGateway({
    config: readConfig(yaml, folder),
    adminKey: ADMIN_KEY,
    log: pino({ level: process.env.SPILLWAY_TEST_LOG ?? 'silent' }),
  });
  await gateway.start();
  return {
    gateway,
    url: gateway.url,
    folder,
    call: (path, { json, ...init } = {}) =>
      fetch(`${gateway.url}${path}`, {
        ...init,
        headers: { authorization: ADMIN_KEY, 'content-type': 'application/json' },
        ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
      }),
    async stop() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The parsed configuration, listening on a free port unless the test wants a certain one. */
export function readConfig(yaml: string, folder: string, listen = '127.0.0.1:0') {
  const text = `listen: ${listen}\ndata: ./data\n${yaml}`;
  const parsed = parseConfig(text, { path: join(folder, 'spillway.yaml'), env: {}, builtInWorkers });
  if (!parsed.ok) throw new Error(formatProblems('spillway.yaml', parsed.problems));
  return parsed.config;
}
