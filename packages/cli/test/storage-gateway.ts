import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createGateway, parseConfig } from '@spillway/gateway';
import { pino } from 'pino';
import { type CliRun, runCli } from './start-cli.ts';

const KEY = 'spk_key-of-the-storage-tests';

export interface StorageGateway {
  readonly url: string;
  readonly key: string;
  /** Where the command runs; a `spillway.yaml` is there. */
  readonly cwd: string;
  /** `spillway storage …args`. */
  storage(args: readonly string[], more?: { stdin?: string; env?: Record<string, string> }): Promise<CliRun>;
  stop(): Promise<void>;
}

/** A gateway of this process, and the command beside it with the same variables. */
export async function startStorageGateway(
  yaml = '',
  env: Readonly<Record<string, string>> = {},
  builtInWorkers: Parameters<typeof parseConfig>[1]['builtInWorkers'] = {},
): Promise<StorageGateway> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'spillway-storage-'));
  await writeFile(path.join(cwd, 'spillway.yaml'), yaml);
  const parsed = parseConfig(yaml, { path: path.join(cwd, 'spillway.yaml'), env: {}, builtInWorkers });
  if (!parsed.ok) throw new Error('the configuration of the test is wrong');
  const gateway = createGateway({
    config: { ...parsed.config, listen: { host: '127.0.0.1', port: 0 } },
    ...{ adminKey: KEY, log: pino({ level: 'silent' }), hostEnv: { ...process.env, ...env } },
  });
  await gateway.start();
  const known = { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: KEY, ...env };
  return {
    ...{ cwd, url: gateway.url, key: KEY },
    storage: (args, { stdin, env: more = {} } = {}) =>
      runCli(['storage', ...args], {
        ...{ cwd, env: { ...known, ...more } },
        ...(stdin === undefined ? {} : { stdin }),
      }),
    async stop() {
      await gateway.stop();
      await rm(cwd, { recursive: true, force: true });
    },
  };
}
