import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ContractName } from './contracts.ts';
import { ModelError, OtherContractError } from './model-error.ts';
import { loadModel, type Model } from './models.ts';

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
    for (const name of await listNames(folder)) {
      const model = await tryModel(path.join(folder, name), query, rejected);
      if (model !== undefined) {
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

/** A model named by path, or by the name of its folder in one of `folders`. */
export async function resolveModel(
  named: string,
  folders: readonly string[],
  accepted: readonly ContractName[],
): Promise<Model> {
  if (named.includes('/') || named.includes(path.sep)) {
    return loadModel(named, accepted);
  }
  for (const folder of folders) {
    if ((await listNames(folder)).includes(named)) {
      return loadModel(path.join(folder, named), accepted);
    }
  }
  return loadModel(named, accepted);
}

async function tryModel(place: string, query: ModelQuery, rejected: string[]): Promise<Model | undefined> {
  const isNamedSo = query.exportName.test(path.basename(place));
  try {
    const model = await loadModel(place, [query.contract]);
    if (model.origin === 'export') {
      return isNamedSo ? model : undefined;
    }
    return query.variant === undefined || model.variant === query.variant ? model : undefined;
  } catch (error) {
    if (!(error instanceof ModelError)) {
      throw error;
    }
    // A folder of something else is no news; one that claims to be a model, by card or by name, and is broken, is.
    if (!(error instanceof OtherContractError) && (isNamedSo || error.message.includes('model.json'))) {
      rejected.push(error.message);
    }
    return undefined;
  }
}

/** Names in a folder; an absent or unreadable folder simply holds nothing. */
async function listNames(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
