import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CONTRACT_NAMES, type ContractName } from '../engines/contracts.ts';
import type { Dtype } from '../engines/dtypes.ts';
import { readExportCard } from '../engines/export-card.ts';
import { glanceAt } from '../engines/file-hashes.ts';
import { ModelError } from '../engines/model-error.ts';
import { availableDtypes } from '../engines/model-files.ts';
import type { ModelJson } from '../engines/model-json.ts';
import { listPlaces, type ModelPlace } from '../engines/model-search.ts';
import { contractByName, loadModel, readCard } from '../engines/models.ts';
import { listModelFiles } from './file-set.ts';

/** A model on the search path, as far as its files and card tell without opening it. */
export interface ListedModel {
  /** What it is called in its models folder. */
  readonly name: string;
  readonly id: string;
  /** The models folder that it lies in. */
  readonly modelsFolder: string;
  readonly path: string;
  /** Where the link of a pulled model leads. */
  readonly realPath: string;
  readonly contract: ContractName;
  readonly variant?: string | undefined;
  /** Number formats that are there. */
  readonly dtypes: readonly Dtype[];
  /** The one that is loaded where nobody asks for another. */
  readonly dtype?: Dtype | undefined;
  /** Of all its files. */
  readonly bytes: number;
  readonly isDemo: boolean;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
  readonly revision?: string | undefined;
  readonly vramBytes?: number | undefined;
  /**
   * `verified`: every file was hashed and has not changed since; `unverified`: it has hashes, and the files the right size;
   * `damaged`: a file is missing or of another size; `no hashes`: nothing to compare with.
   */
  readonly state: 'verified' | 'unverified' | 'damaged' | 'no hashes';
}

/** What claims to be a model and can't be used. */
export interface BrokenModel {
  readonly name: string;
  readonly modelsFolder: string;
  readonly path: string;
  readonly problem: string;
}

export interface Inventory {
  readonly models: readonly ListedModel[];
  readonly broken: readonly BrokenModel[];
}

/** @param folders models folders, in the order in which workers look through them. */
export async function takeInventory(folders: readonly string[]): Promise<Inventory> {
  const models: ListedModel[] = [];
  const broken: BrokenModel[] = [];
  for (const modelsFolder of folders) {
    for (const place of await listPlaces(modelsFolder)) {
      try {
        const model = await lookAt(modelsFolder, place);
        if (model) models.push(model);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        broken.push({ ...place, modelsFolder, problem: error.message });
      }
    }
  }
  return { models, broken };
}

async function lookAt(modelsFolder: string, place: ModelPlace): Promise<ListedModel | undefined> {
  const isFolder = (await stat(place.path).catch(() => undefined))?.isDirectory() ?? false;
  // An .onnx file or weights of another kind among the folders: only whoever names it can say what it is.
  if (!isFolder) return undefined;
  const card = await readCard(place.path);
  const contract = card?.contract ?? (await contractOf(place));
  if (contract === undefined) return undefined;
  const roles = { roles: card?.roles, cardDtype: card?.dtype };
  const dtypes = await availableDtypes(place.path, { contract, ...roles });
  const model = await loadModel(place.path, [contract], {
    id: place.name,
    // A folder without a card and without fp32 weights is a model all the same, for whoever asks for those it has.
    dtype: card ? undefined : dtypes[0],
  });
  const { id, variant, dtype, isDemo, licence, source, revision, vramBytes, hashes } = model;
  return {
    ...{ ...place, realPath: model.path, modelsFolder, contract, id, variant, dtypes, dtype },
    ...{ isDemo, licence, source, revision, vramBytes },
    bytes: await bytesOf(place.path, contract, dtypes, card),
    state: hashes.length === 0 ? 'no hashes' : await glanceAt(hashes, model.path),
  };
}

async function contractOf({ name, path: folder }: ModelPlace): Promise<ContractName | undefined> {
  const { contract } = await readExportCard(folder);
  const isThere = async (candidate: ContractName) =>
    (await availableDtypes(folder, { contract: candidate })).length > 0;
  if (contract !== undefined) return (await isThere(contract)) ? contract : undefined;
  const fits: ContractName[] = [];
  for (const candidate of CONTRACT_NAMES) if (await isThere(candidate)) fits.push(candidate);
  // As the workers guess: some exports share their file names.
  const named = contractByName(name);
  if (named !== undefined && fits.includes(named)) return named;
  if (fits.includes('sam2')) return 'sam2';
  return fits.includes('clip') ? 'clip' : fits[0];
}

async function bytesOf(
  folder: string,
  contract: ContractName,
  dtypes: readonly Dtype[],
  card: ModelJson | undefined,
): Promise<number> {
  const files = await listModelFiles(folder, {
    contract,
    dtypes,
    roles: card?.roles,
    cardDtype: card?.dtype,
  });
  const all = new Set([...files, ...Object.keys(card?.files ?? {})]);
  const sizes = [...all].map(
    async (file) => (await stat(path.join(folder, file)).catch(() => undefined))?.size ?? 0,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
