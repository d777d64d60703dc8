import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import type { RunpodGpuType } from '@spillway/sdk/runpod';
import { type Endpoint, remotesOf } from './endpoints/endpoint.ts';
import type { RunPodPool } from './fleet/gpu/runpod-pools.ts';
import { accountsOf, type HostEnv, managementClient, managementUrl } from './remote-accounts.ts';
import { type Catalogue, catalogueOf } from './usage/catalogue/catalogue.ts';
import { catalogueFile, readCatalogueFile, writeCatalogueFile } from './usage/catalogue/catalogue-file.ts';
import {
  type CatalogueAccess,
  createLiveCatalogue,
  type LiveCatalogue,
} from './usage/catalogue/live-catalogue.ts';
import { createPriceBook, type PriceBook, type PriceSettings, poolsBy } from './usage/prices.ts';

/**
 * The part of the composition root that wires RunPod's catalogue of prices. It is read by itself only where jobs may go to
 * RunPod; otherwise when somebody asks for it.
 */
export function createRemotePrices(options: {
  readonly endpoints: Iterable<Endpoint>;
  /** Where the last one is kept; without it nowhere. */
  readonly file?: string | undefined;
  readonly clock: Clock;
  readonly env: HostEnv;
  readonly fetch?: typeof fetch | undefined;
  readonly onProblem: (message: string) => void;
}): LiveCatalogue {
  const { file, clock, env, onProblem } = options;
  const remotes = [...options.endpoints].flatMap((endpoint) =>
    remotesOf(endpoint).map((remote) => ({ name: endpoint.name, remote })),
  );
  const [account] = accountsOf(remotes, env);
  const access = catalogueAccess(account?.apiKey ?? env.RUNPOD_API_KEY, options);
  return createLiveCatalogue({
    ...{ access, clock, onProblem, isDaily: account !== undefined },
    kept: {
      read: async () => (file === undefined ? undefined : readCatalogueFile(file)),
      write: async (catalogue) => (file === undefined ? undefined : writeCatalogueFile(file, catalogue)),
    },
  });
}

/**
 * RunPod's pools at the prices that are known in a data directory, without its gateway; read anew if that is wanted.
 * `problem`: why they could not be.
 */
export async function readPoolsAlone(
  dataDir: string,
  given: { readonly isRefreshed: boolean; readonly env: HostEnv },
): Promise<{ readonly pools: readonly RunPodPool[]; readonly problem?: string }> {
  const { isRefreshed, env } = given;
  const file = catalogueFile(dataDir);
  const kept = await readCatalogueFile(file);
  if (!isRefreshed) return { pools: poolsBy(kept) };
  const clock = createSystemClock();
  const access = catalogueAccess(env.RUNPOD_API_KEY, { env, clock });
  if (!access) return { pools: poolsBy(kept), problem: NO_CATALOGUE_KEY };
  try {
    const rows = await access.read(new AbortController().signal);
    const catalogue = catalogueOf(rows, { readAt: clock.now(), url: access.url });
    await writeCatalogueFile(file, catalogue);
    return { pools: poolsBy(catalogue) };
  } catch (error) {
    return { pools: poolsBy(kept), problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * What workers cost by all that is known without a gateway: the prices of the file, above RunPod's catalogue, above the
 * table. `rows`: the catalogue, where it was read just now; else the one that is kept in the data directory.
 */
export async function priceBookAlone(given: {
  readonly settings: PriceSettings;
  readonly dataDir: string;
  readonly rows?: readonly RunpodGpuType[] | undefined;
}): Promise<PriceBook> {
  const { settings, dataDir, rows } = given;
  const catalogue = catalogueIn(rows) ?? (await readCatalogueFile(catalogueFile(dataDir)));
  return createPriceBook(settings, () => catalogue);
}

/** Undefined where these rows have no prices. */
function catalogueIn(rows: readonly RunpodGpuType[] = []): Catalogue | undefined {
  try {
    return catalogueOf(rows, { readAt: createSystemClock().now(), url: managementUrl(process.env) });
  } catch {
    return undefined;
  }
}

const NO_CATALOGUE_KEY =
  'RUNPOD_API_KEY is not set; with a key of your RunPod account its prices can be read';

function catalogueAccess(
  apiKey: string | undefined,
  given: { readonly env: HostEnv; readonly clock: Clock; readonly fetch?: typeof fetch | undefined },
): CatalogueAccess | undefined {
  if (!apiKey) return undefined;
  const { gpus } = managementClient(apiKey, given);
  return { url: managementUrl(given.env), read: (signal) => gpus(undefined, signal) };
}
