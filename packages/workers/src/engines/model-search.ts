import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContractName } from './contracts.ts';
import type { Dtype } from './dtypes.ts';
import { CardError, ModelError, OtherContractError } from './model-error.ts';
import { type LoadOptions, loadModel, type Model, readCard } from './models.ts';

/**
 * Finds a model by what it is, in an ordered list of folders that hold model folders. The first folder with a match
 * wins; within one folder real weights go before demo models, then the name decides.
 */
export interface ModelQuery {
  readonly contract: ContractName;
  /** Only models whose card says this variant. */
  readonly variant?: string | undefined;
  /** How a public export without `model.json` is recognised by its folder's name. */
  readonly exportName: RegExp;
  /** Only weights in this number format; open takes what a model's card says, else fp32. */
  readonly dtype?: Dtype | undefined;
  /** Only models of which this holds. */
  readonly accepts?: ((model: Model) => boolean) | undefined;
}

export interface SearchResult {
  readonly model?: Model;
  /** Folders that matched by name but could not be used, each with its reason. */
  readonly rejected: readonly string[];
}

export async function findModel(folders: readonly string[], query: ModelQuery): Promise<SearchResult> {
  const rejected: string[] = [];
  for (const folder of folders) {
    const matches: Model[] = [];
    for (const place of await listPlaces(folder)) {
      const model = await tryModel(place, query, rejected);
      if (model !== undefined && query.accepts?.(model) !== false) {
        matches.push(model);
      }
    }
    matches.sort((a, b) => Number(a.isDemo) - Number(b.isDemo) || a.id.localeCompare(b.id));
    if (matches[0] !== undefined) {
      return { model: matches[0], rejected };
    }
  }
  return { rejected };
}

/** A model named by path, by the name of its folder in one of `folders`, or by the id on its card. */
export async function resolveModel(
  named: string,
  folders: readonly string[],
  accepted: readonly ContractName[],
  options: LoadOptions = {},
): Promise<Model> {
  if (named.includes('/') || named.includes(path.sep)) {
    return loadModel(named, accepted, options);
  }
  const places = (await Promise.all(folders.map(listPlaces))).flat();
  const isCalled = async (place: ModelPlace) =>
    (await readCard(place.path).catch(() => undefined))?.id === named;
  for (const place of places) {
    if (place.name === named) return loadModel(place.path, accepted, { ...options, id: place.name });
  }
  for (const place of places) {
    if (await isCalled(place)) return loadModel(place.path, accepted, options);
  }
  return loadModel(named, accepted, options);
}

async function tryModel(
  { name, path: place }: ModelPlace,
  query: ModelQuery,
  rejected: string[],
): Promise<Model | undefined> {
  const isNamedSo = query.exportName.test(name);
  try {
    const model = await loadModel(place, [query.contract], { dtype: query.dtype, id: name });
    if (model.origin === 'export' && (isNamedSo || model.variant === undefined)) {
      return isNamedSo ? model : undefined;
    }
    return query.variant === undefined || model.variant === query.variant ? model : undefined;
  } catch (error) {
    if (!(error instanceof ModelError)) {
      throw error;
    }
    // A folder of something else is no news; one that claims to be a model, by card or by name, and is broken, is.
    const isClaim = isNamedSo || error instanceof CardError || (await claims(place, query));
    if (!(error instanceof OtherContractError) && isClaim) rejected.push(error.message);
    return undefined;
  }
}

/** Whether a folder's card says that it is what is looked for. */
async function claims(place: string, { contract, variant }: ModelQuery): Promise<boolean> {
  const card = await readCard(place).catch(() => undefined);
  return card?.contract === contract && (variant === undefined || card.variant === variant);
}

/** Something in a models folder that may be a model. */
export interface ModelPlace {
  readonly name: string;
  readonly path: string;
}

/**
 * What a models folder holds; an absent or unreadable one simply holds nothing. What begins with a dot is no model: `pull`
 * keeps its half-pulled ones so. Of the hub's own cache it is the snapshot that its `refs/main` names, or the only one.
 */
export async function listPlaces(folder: string): Promise<ModelPlace[]> {
  const names = (await listNames(folder)).filter(
    (name) => !name.startsWith('.') && !name.endsWith('.lock.json'),
  );
  const places = names.map(async (name) => {
    const place = path.join(folder, name);
    return /^models--.+--/.test(name) ? findSnapshot(place, name) : { name, path: place };
  });
  return (await Promise.all(places)).filter((place) => place !== undefined);
}

async function findSnapshot(place: string, name: string): Promise<ModelPlace | undefined> {
  const snapshots = path.join(place, 'snapshots');
  const names = await listNames(snapshots);
  const main = await readFile(path.join(place, 'refs/main'), 'utf8').catch(() => '');
  const chosen = names.includes(main.trim()) ? main.trim() : names[0];
  if (chosen === undefined) return undefined;
  return { name: name.split('--').at(-1) ?? name, path: path.join(snapshots, chosen) };
}

async function listNames(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
