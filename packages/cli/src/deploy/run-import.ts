import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GatewayConfig } from '@spillway/gateway/config';
import { type RunpodClient, RunpodError, type RunpodGpuType } from '@spillway/sdk/runpod';
import { CliError, wrongUse } from '../cli-error.ts';
import { note, print, printJson } from '../output.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { type ConfigOptions, connectRunpod } from './cloud.ts';
import { entryName, entryText, toEntry, volumeNotes, withEntry } from './import-endpoint.ts';
import { pricedCards, readPoolPrices } from './priced-pool.ts';

export interface ImportOptions extends ConfigOptions {
  readonly as?: string;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway import`. */
export async function runImport(endpointId: string, options: ImportOptions): Promise<void> {
  const runpod = connectRunpod();
  const endpoint = await runpod.endpoints.get(endpointId).catch((error: unknown) => {
    const isMissing = error instanceof RunpodError && error.code === 'NOT_FOUND';
    if (!isMissing) throw error;
    throw new CliError(
      'ENDPOINT_NOT_FOUND',
      `RunPod has no endpoint ${endpointId} in the account of this key (RUNPOD_API_KEY)`,
    );
  });
  if (endpoint.image === undefined || endpoint.image === '') {
    throw new CliError(
      'NO_IMAGE',
      `RunPod tells no image of ${endpointId}: there is nothing that could be deployed again`,
    );
  }
  const name = options.as ?? entryName(endpoint.name);
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    throw wrongUse(`--as: expected 1 to 63 lower-case letters, digits and -, found "${name}"`);
  }
  const priceOf = await readPoolPrices(await knownHere(options), await catalogueOf(runpod));
  const { entry, variables } = toEntry(endpoint, pricedCards(endpoint.gpu, priceOf));
  if (options.json) printJson({ name, entry, variables });
  else if (!options.write) print(`endpoints:\n${entryText(name, entry, '  ')}`.trimEnd());
  if (options.write) await writeEntry(name, entry, options);
  const unset = variables.filter((variable) => process.env[variable] === undefined);
  if (unset.length > 0) note(`set before the file is read: ${unset.join(', ')}`);
  if (endpoint.networkVolumes.length > 0) {
    for (const line of volumeNotes(endpoint.networkVolumes, await runpod.volumes.list())) note(line);
  }
}

/** Undefined where it can't be read: other prices stand in. */
async function catalogueOf(runpod: RunpodClient): Promise<readonly RunpodGpuType[] | undefined> {
  return runpod.gpus().catch(() => undefined);
}

/** What the file says of prices and where data is; the defaults where there is none, or none that can be read yet. */
async function knownHere({ config }: ImportOptions): Promise<GatewayConfig> {
  const folder = process.cwd();
  const file = path.resolve(config ?? CONFIG_FILE);
  const read = existsSync(file) ? await readConfig({ file, folder }) : undefined;
  if (read?.ok) return read.config;
  const { builtInWorkers } = await import('@spillway/workers');
  const { defaultConfig } = await import('@spillway/gateway/config');
  return defaultConfig(folder, builtInWorkers);
}

async function writeEntry(
  name: string,
  entry: Readonly<Record<string, unknown>>,
  options: ImportOptions,
): Promise<void> {
  const file = path.resolve(options.config ?? CONFIG_FILE);
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  const next = withEntry(text, name, entry);
  if (next === undefined)
    throw wrongUse(`${file} has an endpoint ${name} already; choose another name with --as`);
  await writeFile(file, next);
  note(
    `${file} has the endpoint ${name} now; \`spillway deploy ${name} --dry-run\` shows that nothing would change`,
  );
}
