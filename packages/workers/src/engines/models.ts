import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { listProblems, problemSentence } from '../problems.ts';
import type { ContractName } from './contracts.ts';
import { type Dtype, dtypeOf } from './dtypes.ts';
import { readExportCard } from './export-card.ts';
import { type FileHash, findDamage } from './file-hashes.ts';
import { CardError, ModelError, OtherContractError } from './model-error.ts';
import { findModelFiles } from './model-files.ts';
import { type ModelJson, modelJsonSchema } from './model-json.ts';

/**
 * Models as folders: reads what is there (`model.json`, or the config files of a public export, or a bare `.onnx`) into
 * one description. It opens no session: whether the weights fit the contract is seen where they are loaded.
 */
export interface Model {
  readonly id: string;
  readonly contract: ContractName;
  readonly variant?: string | undefined;
  /** Number format of the weights. */
  readonly dtype?: Dtype | undefined;
  readonly isDemo: boolean;
  /** Described by a `model.json` of its own, or a public export known by its name and config files. */
  readonly origin: 'card' | 'export';
  /** Class names by index; empty when nothing beside the weights names them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Side of the square picture the model takes, and its normalisation, where a file says so. */
  readonly inputSize?: number | undefined;
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
  /** Of a detector: whether pictures are shrunk with antialiasing; default false. */
  readonly antialias?: boolean | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
  /** What of the source it is: a commit, say. */
  readonly revision?: string | undefined;
  /** Memory of a card that a worker with it needs, where its card says so. */
  readonly vramBytes?: number | undefined;
  /** Folder or file it was loaded from. */
  readonly path: string;
  /** Absolute path of each file of the contract, by role. */
  readonly files: Readonly<Record<string, string>>;
  /** Absolute paths of the files that those keep their weights in. */
  readonly dataFiles?: readonly string[] | undefined;
  /** What `verifyModel` checks. */
  readonly hashes: readonly FileHash[];
}

export interface LoadOptions {
  /** Only weights in this number format; open takes what the card says, else fp32. */
  readonly dtype?: Dtype | undefined;
  /** Name of a model without a card; default its folder's. */
  readonly id?: string | undefined;
}

const PYTORCH_FILE = /\.(pt|pth|ckpt|bin|safetensors)$/i;

/**
 * Reads the model at a path: a model folder, the folder of a public export, or an `.onnx` file.
 * @param accepted contracts that the caller can use; the first stands where the files themselves do not say.
 * @throws ModelError with all problems in one sentence.
 */
export async function loadModel(
  modelPath: string,
  accepted: readonly ContractName[],
  options: LoadOptions = {},
): Promise<Model> {
  const found = await stat(modelPath).catch(() => undefined);
  if (found === undefined) {
    throw new ModelError(`There is no model at ${modelPath}.`);
  }
  if (found.isDirectory()) {
    // A pulled model's folder is a link that an update moves: whoever runs the model keeps to the files it began with.
    const folder = await realpath(modelPath);
    const card = await readCard(folder);
    if (card !== undefined) return loadModelFolder(folder, card, accepted, options);
    const id = options.id ?? path.basename(path.resolve(modelPath));
    return loadExport(id, folder, folder, accepted, options);
  }
  if (PYTORCH_FILE.test(modelPath)) {
    throw new ModelError(
      `${modelPath} holds PyTorch weights, which ONNX Runtime cannot load. Export them to ONNX with their own project's exporter (tools/convert/README.md says how) and name the folder or .onnx file that it writes.`,
    );
  }
  if (!modelPath.endsWith('.onnx')) {
    throw new ModelError(`${modelPath} is neither a model folder nor an .onnx file.`);
  }
  return loadFile(modelPath, accepted, options);
}

/** An `.onnx` file that a card beside it, or in the folder above, lists is that card's model. */
async function loadFile(
  file: string,
  accepted: readonly ContractName[],
  options: LoadOptions,
): Promise<Model> {
  const folder = path.dirname(path.resolve(file));
  for (const place of [folder, path.dirname(folder)]) {
    const card = await readCard(place).catch(() => undefined);
    if (card !== undefined && Object.hasOwn(card.files, path.relative(place, path.resolve(file)))) {
      return loadModelFolder(place, card, accepted, options, path.resolve(file));
    }
  }
  return loadExport(path.basename(file, '.onnx'), file, path.dirname(file), accepted, options);
}

/** The card of a model folder, or undefined where there is none. @throws ModelError naming all that is wrong with it. */
export async function readCard(folder: string): Promise<ModelJson | undefined> {
  const file = path.join(folder, 'model.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new CardError(`${file} can't be read: ${error.message}.`, { cause: error });
  });
  return text === undefined ? undefined : parseCard(text, file);
}

/** @throws ModelError naming the file and all that is wrong with it. */
export function parseCard(text: string, file: string): ModelJson {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CardError(`${file} is not readable JSON: ${reason}.`, { cause });
  }
  const card = modelJsonSchema.safeParse(json);
  if (!card.success) throw new CardError(problemSentence(file, listProblems(card.error)));
  return card.data;
}

async function loadModelFolder(
  folder: string,
  card: ModelJson,
  accepted: readonly ContractName[],
  { dtype }: LoadOptions,
  single?: string,
): Promise<Model> {
  const { id, contract, variant, demo, licence, source, revision, vramBytes, roles } = card;
  if (!accepted.includes(contract)) {
    throw new OtherContractError(
      `${path.join(folder, 'model.json')}: contract "${contract}" does not fit here; expected ${accepted.join(' or ')}.`,
    );
  }
  const query = { contract, dtype: dtypeToLoad(dtype, single), cardDtype: card.dtype, roles, single };
  const found = await findModelFiles(folder, query);
  // A card that was written for a public export leaves to the export's own files what those say.
  const config = await readExportCard(folder);
  const { labels = config.labels ?? {}, inputSize = config.inputSize } = card;
  return {
    ...{ id, contract, variant, isDemo: demo, origin: card.isExport === true ? 'export' : 'card' },
    ...{ labels, inputSize, antialias: card.antialias },
    ...{ mean: config.mean, std: config.std, licence, source, revision, vramBytes },
    ...{ path: folder, ...found, hashes: hashesOf(folder, card) },
  };
}

/** Whoever names a file means the weights in it. */
function dtypeToLoad(dtype: Dtype | undefined, single: string | undefined): Dtype | undefined {
  return single === undefined ? dtype : dtypeOf(single);
}

/** What a card says of its files, under their absolute paths. */
function hashesOf(folder: string, card: ModelJson): FileHash[] {
  return Object.entries(card.files).map(([file, hash]) => ({ path: path.join(folder, file), ...hash }));
}

/** A model without `model.json`: its name is the folder's or the file's, the rest is what its config files say. */
async function loadExport(
  id: string,
  modelPath: string,
  folder: string,
  accepted: readonly ContractName[],
  { dtype }: LoadOptions,
): Promise<Model> {
  const configFolder = path.basename(folder) === 'onnx' ? path.dirname(folder) : folder;
  const card = await readExportCard(configFolder);
  const contract = card.contract ?? guessContract(path.resolve(modelPath), accepted);
  if (!accepted.includes(contract)) {
    throw new OtherContractError(`${modelPath} is a ${contract} model; expected ${accepted.join(' or ')}.`);
  }
  const single = modelPath.endsWith('.onnx') ? modelPath : undefined;
  const found = await findModelFiles(folder, { contract, dtype: dtypeToLoad(dtype, single), single });
  const { labels = {}, inputSize, mean, std } = card;
  return {
    ...{ id, contract, isDemo: false, origin: 'export', labels, inputSize, mean, std },
    ...{ path: modelPath, ...found, hashes: [] },
  };
}

/** The name of what shares its file names with other contracts. */
const NAMED_SO: readonly (readonly [name: RegExp, contract: ContractName])[] = [
  [/sam[-_.]?3/i, 'sam3-tracker'],
  [/vitpose/i, 'vitpose'],
  [/rtm(pose|w|o)/i, 'rtmpose'],
];

/** What a model is by its name alone, where that says so. */
export function contractByName(name: string): ContractName | undefined {
  return NAMED_SO.find(([pattern]) => pattern.test(name))?.[1];
}

/** Several exports share file names; without a config the path's own words are all there is to tell them apart. */
function guessContract(modelPath: string, accepted: readonly ContractName[]): ContractName {
  const named = contractByName(modelPath);
  const [first] = accepted;
  if (first === undefined) {
    throw new Error('loadModel needs at least one accepted contract');
  }
  if (named !== undefined && accepted.includes(named)) {
    return named;
  }
  return accepted.includes('sam2') ? 'sam2' : first;
}

/**
 * Checks size and SHA-256 of each file that the model's card lists; files that were hashed when they were placed, and not
 * changed since, by size and time only.
 * @throws ModelError naming every file that differs.
 */
export async function verifyModel({ id, hashes, path: folder }: Model): Promise<void> {
  const problems = await findDamage(hashes, { stampsIn: folder });
  if (problems.length > 0) {
    throw new ModelError(`The model ${id} is damaged: ${problems.join('; ')}. Fetch it again.`);
  }
}
