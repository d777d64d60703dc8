import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ContractName, contractFiles } from './contracts.ts';
import { DEFAULT_DTYPE, DTYPES, type Dtype, withDtype } from './dtypes.ts';
import { externalDataOf } from './external-data.ts';
import { MissingDtypeError, ModelError } from './model-error.ts';

/** Which files of a folder a model is made of: one `.onnx` a role, and the files that those keep their weights in. */
export interface ModelFiles {
  /** Absolute path of each file of the contract, by role. */
  readonly files: Readonly<Record<string, string>>;
  /** Absolute paths of external weights. */
  readonly dataFiles: readonly string[];
  readonly dtype: Dtype;
}

export interface FileQuery {
  readonly contract: ContractName;
  /** Only these weights will do. */
  readonly dtype?: Dtype | undefined;
  /** Taken where `dtype` is open. */
  readonly cardDtype?: Dtype | undefined;
  /** An `.onnx` file that stands for the contract's only one, whatever its name. */
  readonly single?: string | undefined;
  /** Places that the model's card gives its files, relative to the folder. */
  readonly roles?: Readonly<Record<string, string>> | undefined;
}

/** @throws ModelError naming what is missing, and which number formats are there instead. */
export async function findModelFiles(folder: string, query: FileQuery): Promise<ModelFiles> {
  const dtype = query.dtype ?? query.cardDtype ?? DEFAULT_DTYPE;
  const { files, missing } = await lookFor(folder, query, dtype);
  if (missing.length > 0) {
    const others = await availableDtypes(folder, { ...query, single: undefined });
    if (others.length > 0) {
      throw new MissingDtypeError(
        `${folder} has no ${dtype} weights (${missing.join(' and ')}). It has ${others.join(', ')}: SPILLWAY_MODELS_DTYPE=${others[0]} takes those.`,
      );
    }
    throw new ModelError(
      `${folder} lacks ${missing.join(' and ')}, which a ${query.contract} model is made of.`,
    );
  }
  return { files, dataFiles: await findData(Object.values(files)), dtype };
}

/** Each role's file lies in the layout of the public exports, or all lie in one folder. */
async function lookFor(
  folder: string,
  { contract, single, cardDtype, roles: places = {} }: FileQuery,
  dtype: Dtype,
): Promise<{ files: Record<string, string>; missing: string[] }> {
  const roles = Object.entries(contractFiles(contract));
  const files: Record<string, string> = {};
  const missing: string[] = [];
  for (const [role, { path: usual, isOptional }] of roles) {
    const wanted = withDtype(usual, dtype);
    // Names of a card's own are those of the weights that it was written for.
    const own = dtype === (cardDtype ?? DEFAULT_DTYPE) ? places[role] : undefined;
    const candidates = [
      ...(single !== undefined && roles.length === 1 ? [single] : []),
      ...(own === undefined ? [] : [path.join(folder, own)]),
      path.join(folder, wanted),
      path.join(folder, path.basename(wanted)),
    ];
    const place = await firstExisting(candidates);
    if (place !== undefined) files[role] = place;
    else if (isOptional !== true) missing.push(wanted);
  }
  return { files, missing };
}

async function findData(files: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    for (const location of externalDataOf(file)) {
      const place = path.resolve(path.dirname(file), location);
      if ((await firstExisting([place])) === undefined) {
        throw new ModelError(`${file} keeps its weights in ${location}, which is not beside it.`);
      }
      await assertInside(file, place, location);
      found.push(place);
    }
  }
  return [...new Set(found)];
}

/** Caches of hubs are folders of links into a heap of files, which works only for what one file holds. */
async function assertInside(file: string, data: string, location: string): Promise<void> {
  const folder = path.dirname(await realpath(file));
  if (!(await realpath(data)).startsWith(`${folder}${path.sep}`)) {
    throw new ModelError(
      `${file} keeps its weights in ${location}, a link out of its folder, which ONNX Runtime refuses. "spillway models add" makes a model folder of it (--link without a second copy).`,
    );
  }
}

/** Number formats in which a folder has every file that the contract needs. */
export async function availableDtypes(folder: string, query: Omit<FileQuery, 'dtype'>): Promise<Dtype[]> {
  const found: Dtype[] = [];
  for (const dtype of DTYPES) {
    if ((await lookFor(folder, query, dtype)).missing.length === 0) found.push(dtype);
  }
  return found;
}

async function firstExisting(places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    if ((await stat(place).catch(() => undefined))?.isFile()) return path.resolve(place);
  }
  return undefined;
}
