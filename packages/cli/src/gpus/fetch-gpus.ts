import { existsSync } from 'node:fs';
import path from 'node:path';
import type { GpusView, PricesView } from '@spillway/protocol/v1';
import { CliError, wrongUse } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { problemOf } from '../usage/catalogue-texts.ts';

export interface FetchedGpus {
  readonly view: GpusView;
  /** Address of the gateway that was asked; null where none runs, and the view is of this machine and its file. */
  readonly gateway: string | null;
  /** Why prices could not be read anew. */
  readonly problem?: string;
}

export interface FetchOptions extends ConnectionOptions {
  /** RunPod is asked for its prices first. */
  readonly refresh?: boolean;
}

/** From the gateway; where none runs here, from this machine itself. */
export async function fetchGpus(options: FetchOptions): Promise<FetchedGpus> {
  try {
    const connection = await resolveConnection(options);
    const api = createGatewayApi(connection);
    const problem = options.refresh
      ? problemOf(await api.post<PricesView>('/v1/prices/refresh', {}))
      : undefined;
    return {
      view: await api.get<GpusView>('/v1/gpus'),
      gateway: connection.url,
      ...(problem === undefined ? {} : { problem }),
    };
  } catch (error) {
    // The cards of this machine are no answer to somebody who asked for those of another.
    if (process.env.SPILLWAY_URL || !(error instanceof CliError) || !NO_GATEWAY.includes(error.code))
      throw error;
    return { ...(await inspectHere(options.refresh === true)), gateway: null };
  }
}

const NO_GATEWAY: readonly string[] = ['UNREACHABLE', 'NO_KEY'];

async function inspectHere(isRefreshed: boolean): Promise<Omit<FetchedGpus, 'gateway'>> {
  const folder = process.cwd();
  const file = existsSync(path.join(folder, CONFIG_FILE)) ? CONFIG_FILE : undefined;
  const result = await readConfig(file === undefined ? { folder } : { file, folder });
  if (!result.ok) {
    const { formatProblems } = await import('@spillway/gateway/config');
    throw wrongUse(formatProblems(file ?? CONFIG_FILE, result.problems));
  }
  const { inspectGpus } = await import('@spillway/gateway/gpus');
  const { readPoolsAlone } = await import('@spillway/gateway/prices');
  const { dataDir, endpoints } = result.config;
  const { pools, problem } = await readPoolsAlone(dataDir, { isRefreshed, env: process.env });
  return {
    view: await inspectGpus(endpoints, process.env, pools),
    ...(problem === undefined ? {} : { problem }),
  };
}
