import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ContractName } from '../engines/contracts.ts';
import { readExportCard } from '../engines/export-card.ts';
import { type FileHash, findDamage, hashFile, writeStamps } from '../engines/file-hashes.ts';
import { ModelError } from '../engines/model-error.ts';
import type { ModelJson } from '../engines/model-json.ts';
import { loadModel, readCard } from '../engines/models.ts';
import { listModelFiles } from './file-set.ts';
import { type RecognisedModel, recogniseFolder } from './recognise-folder.ts';
import { readLicence, writeCard } from './write-card.ts';

export interface AddOptions {
  /** Folder of an export, or an `.onnx` file in one. */
  readonly source: string;
  /** Models folder that it becomes a model of. */
  readonly into: string;
  /** Its folder's name there, and its id; default the source's name. */
  readonly name?: string | undefined;
  readonly contract?: ContractName | undefined;
  readonly variant?: string | undefined;
  readonly licence?: string | undefined;
  /** A second name for the same files instead of a copy. */
  readonly isLink?: boolean | undefined;
}

export interface AddedModel {
  readonly path: string;
  readonly card: ModelJson;
  /** What could not be found out and may matter, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Makes a model folder of an export: finds its contract by opening it, copies or links its files, hashes them and writes
 * `model.json`. It appears in the models folder whole or not at all.
 * @throws ModelError when it fits no contract, is damaged, or its name is taken.
 */
export async function addModel(options: AddOptions): Promise<AddedModel> {
  const source = await findSource(options.source);
  const name = options.name ?? asName(source.name);
  if (!/^[\w][\w.-]*$/.test(name)) {
    throw new ModelError(
      `"${name}" can't be a model's name: letters, digits, "_", "." and "-" make one up. Give another with --name.`,
    );
  }
  const target = path.join(options.into, name);
  if (existsSync(target)) {
    throw new ModelError(
      `There is already a model ${name} in ${options.into}. Give another name with --name, or remove that folder.`,
    );
  }
  const given = await readCard(source.folder);
  const recognised = await recogniseFolder(source.folder, {
    name,
    contract: options.contract ?? given?.contract,
    dtype: given?.dtype,
  });
  await assertUndamaged(source.folder, given);
  const files = await listModelFiles(source.folder, {
    ...recognised,
    roles: given?.roles ?? recognised.roles,
    cardDtype: given?.dtype ?? recognised.dtypes[0],
  });
  await mkdir(options.into, { recursive: true });
  const half = path.join(options.into, `.adding-${name}-${process.pid}`);
  try {
    const hashes = await bringFiles(source.folder, half, files, options.isLink === true);
    const card = await describe({ options, name, source: source.folder, given, recognised, hashes });
    await writeCard(half, card);
    await writeStamps(
      half,
      hashes.map((hash) => ({ ...hash, path: path.join(half, hash.path) })),
    );
    await rename(half, target);
    return { path: target, card, notes: notesOn(card, await readExportCard(target)) };
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    throw error;
  }
}

function asName(text: string): string {
  return text.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'model';
}

async function findSource(given: string): Promise<{ folder: string; name: string }> {
  const found = await stat(given).catch(() => undefined);
  if (!found) throw new ModelError(`There is nothing at ${given}.`);
  const place = path.resolve(given);
  if (found.isDirectory()) {
    // A snapshot of the hub's own cache is called by its commit; the folder above tells the model.
    const snapshot = /models--.+--([^/]+)\/snapshots\/[^/]+$/.exec(place);
    return { folder: place, name: snapshot?.[1] ?? path.basename(place) };
  }
  // Whoever names PyTorch weights is told how to export them.
  if (!given.endsWith('.onnx')) await loadModel(given, ['rf-detr']);
  const folder = path.dirname(place);
  const top = path.basename(folder) === 'onnx' ? path.dirname(folder) : folder;
  return { folder: top, name: path.basename(top) };
}

async function assertUndamaged(folder: string, card: ModelJson | undefined): Promise<void> {
  const hashes = Object.entries(card?.files ?? {}).map(([file, hash]) => ({
    ...hash,
    path: path.join(folder, file),
  }));
  const problems = await findDamage(hashes);
  if (problems.length > 0) {
    throw new ModelError(
      `${folder} is not what its model.json says: ${problems.join('; ')}. Fetch it again, or remove its model.json.`,
    );
  }
}

/** @returns the hash of each file as it lies in `to`, by its path in there. */
async function bringFiles(
  from: string,
  to: string,
  files: readonly string[],
  isLink: boolean,
): Promise<FileHash[]> {
  const hashes: FileHash[] = [];
  for (const file of files) {
    const place = path.join(to, file);
    await mkdir(path.dirname(place), { recursive: true });
    const origin = await realpath(path.join(from, file));
    if (isLink) await link(origin, place).catch(explainLink(origin, to));
    else await copyFile(origin, place, constants.COPYFILE_FICLONE);
    hashes.push({ path: file, sha256: await hashFile(place), bytes: (await stat(place)).size });
  }
  return hashes;
}

function explainLink(file: string, to: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code !== 'EXDEV') throw error;
    throw new ModelError(
      `${file} and ${to} lie on different disks, so a file can't be in both. Add it without --link, which copies.`,
    );
  };
}

interface Findings {
  readonly options: AddOptions;
  readonly name: string;
  readonly source: string;
  readonly given: ModelJson | undefined;
  readonly recognised: RecognisedModel;
  readonly hashes: readonly FileHash[];
}

async function describe({ options, name, source, given, recognised, hashes }: Findings): Promise<ModelJson> {
  const { contract, dtypes, inputSize, roles } = recognised;
  const variant = options.variant ?? given?.variant ?? recognised.variant;
  const [dtype = 'fp32'] = dtypes;
  return {
    ...given,
    ...{ id: options.name ?? given?.id ?? name, contract },
    ...(variant === undefined ? {} : { variant }),
    ...(given?.dtype === undefined && dtype === 'fp32' ? {} : { dtype: given?.dtype ?? dtype }),
    demo: given?.demo ?? false,
    ...(inputSize === undefined ? {} : { inputSize: given?.inputSize ?? inputSize }),
    licence: options.licence ?? given?.licence ?? (await readLicence(source)) ?? 'unknown',
    source: given?.source ?? `added from ${path.basename(source)}`,
    ...(roles === undefined ? {} : { roles: given?.roles ?? roles }),
    files: Object.fromEntries(hashes.map(({ path: file, sha256, bytes }) => [file, { sha256, bytes }])),
  };
}

function notesOn(
  card: ModelJson,
  { labels: configured }: { readonly labels?: object | undefined },
): string[] {
  const notes: string[] = [];
  if (card.licence === 'unknown')
    notes.push('Nothing beside the weights names their licence; --licence does.');
  if (card.contract === 'rf-detr' && card.labels === undefined && configured === undefined) {
    notes.push(
      'Nothing beside the weights names their classes, so results will call them class_0, class_1 and so on: add "labels" to its model.json.',
    );
  }
  return notes;
}
