import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Endpoint, GatewayConfig } from '@spillway/gateway/config';
import { createRunpodClient, RUNPOD_API_URL, type RunpodClient } from '@spillway/sdk/runpod';
import { CliError, EXIT, wrongUse } from '../cli-error.ts';
import { note } from '../output.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { durationText } from '../text.ts';

/** What the commands of the cloud side start from: the file, an account at RunPod, and the clock. */
export interface ConfigOptions {
  /** `--config` */
  readonly config?: string;
}

export interface LoadedFile {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
  readonly dataDir: string;
  readonly endpoints: readonly Endpoint[];
  /** What the file itself says of prices. */
  readonly prices: GatewayConfig['prices'];
}

/** @throws CliError for a file that is not there or has problems; they are told by line. */
export async function loadFile({ config }: ConfigOptions, folder = process.cwd()): Promise<LoadedFile> {
  const file = path.resolve(folder, config ?? CONFIG_FILE);
  if (!existsSync(file)) throw wrongUse(`${file} does not exist: write it, or name another with --config`);
  const result = await readConfig({ file, folder });
  if (!result.ok) {
    const { formatProblems } = await import('@spillway/gateway/config');
    throw new CliError('BAD_CONFIG', formatProblems(file, result.problems), EXIT.wrongUse);
  }
  const { dataDir, endpoints, prices } = result.config;
  return { file, text: await readFile(file, 'utf8'), dataDir, endpoints, prices };
}

/** The endpoint of this name, which must have a cloud side; without a name, all that have one. */
export function pickEndpoints(endpoints: readonly Endpoint[], name: string | undefined): readonly Endpoint[] {
  if (name === undefined) {
    const deployable = endpoints.filter(({ deploy }) => deploy !== undefined);
    if (deployable.length > 0) return deployable;
    throw wrongUse('no endpoint of the file has a `deploy` block; `spillway deploy --help` shows one');
  }
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (!found) {
    const names = endpoints.map((endpoint) => endpoint.name).join(', ');
    throw wrongUse(`no endpoint of the file is called ${name}; there are: ${names || 'none'}`);
  }
  return [found];
}

export function connectRunpod(env: NodeJS.ProcessEnv = process.env): RunpodClient {
  const apiKey = env.RUNPOD_API_KEY;
  if (!apiKey)
    throw wrongUse('RUNPOD_API_KEY is not set; it must be a key of your RunPod account that may write');
  return createRunpodClient({
    apiKey,
    baseUrl: runpodApiUrl(env),
    onWait: (reason, ms) => note(`${reason}; next try in ${durationText(ms)}`),
  });
}

/** Address of the management API: RunPod's, or that of RUNPOD_API_BASE_URL. */
export function runpodApiUrl(env: NodeJS.ProcessEnv = process.env): string {
  const text = env.RUNPOD_API_BASE_URL || RUNPOD_API_URL;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw wrongUse(`RUNPOD_API_BASE_URL: expected an address such as ${RUNPOD_API_URL}, found "${text}"`);
}
