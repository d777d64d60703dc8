import { existsSync } from 'node:fs';
import path from 'node:path';
import type { GpusView } from '@spillway/protocol/v1';
import { CliError, wrongUse } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';

export interface FetchedGpus {
  readonly view: GpusView;
  /** Address of the gateway that was asked; null where none runs, and the view is of this machine and its file. */
  readonly gateway: string | null;
}

/** From the gateway; where none runs here, from this machine itself. */
export async function fetchGpus(options: ConnectionOptions): Promise<FetchedGpus> {
  try {
    const connection = await resolveConnection(options);
    return { view: await createGatewayApi(connection).get<GpusView>('/v1/gpus'), gateway: connection.url };
  } catch (error) {
    // The cards of this machine are no answer to somebody who asked for those of another.
    if (process.env.SPILLWAY_URL || !(error instanceof CliError) || !NO_GATEWAY.includes(error.code))
      throw error;
    return { view: await inspectHere(), gateway: null };
  }
}

const NO_GATEWAY: readonly string[] = ['UNREACHABLE', 'NO_KEY'];

async function inspectHere(): Promise<GpusView> {
  const folder = process.cwd();
  const file = existsSync(path.join(folder, CONFIG_FILE)) ? CONFIG_FILE : undefined;
  const result = await readConfig(file === undefined ? { folder } : { file, folder });
  if (!result.ok) {
    const { formatProblems } = await import('@spillway/gateway/config');
    throw wrongUse(formatProblems(file ?? CONFIG_FILE, result.problems));
  }
  const { inspectGpus } = await import('@spillway/gateway/gpus');
  return inspectGpus(result.config.endpoints);
}
