import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { listProblems, problemSentence } from '../problems.ts';
import { type ContractName, contractFiles } from './contracts.ts';
import { readExportCard } from './export-card.ts';
import { ModelError, OtherContractError } from './model-error.ts';
import { modelJsonSchema } from './model-json.ts';

/**
 * Models as folders: reads what is there (`model.json`, or the config files of a public export, or a bare `.onnx`) into
 * one description. It opens no session: whether the weights fit the contract is seen where they are loaded.
 */
export interface Model {
  readonly id: string;
  readonly contract: ContractName;
  readonly variant?: string | undefined;
  readonly isDemo: boolean;
  /** Described by a `model.json` of its own, or a public export known by its folder and config files. */
  readonly origin: 'card' | 'export';
  /** Class names by index; empty when nothing beside the weights names them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Side of the square picture the model takes, and its normalisation, where a file says so. */
  readonly inputSize?: number | undefined;
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
  /** Folder or file it was loaded from. */
  readonly path: string;
  /** Absolute path of each file of the contract, by role. */
  readonly files: Readonly<Record<string, string>>;
  /** What `verifyModel` checks. */
  readonly hashes: readonly FileHash[];
}

interface FileHash {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

const PYTORCH_FILE = /\.(pt|pth|ckpt|bin|safetensors)$/i;

/**
 * Reads the model at a path: a model folder, the folder of a public export, or an `.onnx` file.
 * @param accepted contracts that the caller can use; the first stands where the files themselves do not say.
 * @throws ModelError with all problems in one sentence.
 */
export async function loadModel(modelPath: string, accepted: readonly ContractName[]): Promise<Model> {
  const found = await stat(modelPath).catch(() => undefined);
  if (found === undefined) {
    throw new ModelError(`There is no model at ${modelPath}.`);
  }
  if (found.isDirectory()) {
    const hasCard = await exists(path.join(modelPath, 'model.json'));
    return hasCard ? loadModelFolder(modelPath, accepted) : loadExportFolder(modelPath, accepted);
  }
  if (PYTORCH_FILE.test(modelPath)) {
    throw new ModelError(
      `${modelPath} holds PyTorch weights, which ONNX Runtime cannot load. Export them to ONNX with their own project's exporter (tools/convert/README.md says how) and name the folder or .onnx file that it writes.`,
    );
  }
  if (!modelPath.endsWith('.onnx')) {
    throw new ModelError(`${modelPath} is neither a model folder nor an .onnx file.`);
  }
  return loadExport(path.basename(modelPath, '.onnx'), modelPath, path.dirname(modelPath), accepted);
}

async function loadModelFolder(folder: string, accepted: readonly ContractName[]): Promise<Model> {
  const cardPath = path.join(folder, 'model.json');
  const card = modelJsonSchema.safeParse(await readJson(cardPath));
  if (!card.success) {
    throw new ModelError(problemSentence(cardPath, listProblems(card.error)));
  }
  const { id, contract, variant, demo, labels = {}, inputSize, licence, source } = card.data;
  if (!accepted.includes(contract)) {
    throw new OtherContractError(
      `${cardPath}: contract "${contract}" does not fit here; expected ${accepted.join(' or ')}.`,
    );
  }
  const hashes = Object.entries(card.data.files).map(([file, hash]) => ({
    path: path.join(folder, file),
    ...hash,
  }));
  const files = await findFiles(folder, contract);
  return {
    ...{ id, contract, variant, isDemo: demo, origin: 'card', labels, inputSize, licence, source },
    ...{ path: folder, files, hashes },
  };
}

function loadExportFolder(folder: string, accepted: readonly ContractName[]): Promise<Model> {
  return loadExport(path.basename(path.resolve(folder)), folder, folder, accepted);
}

/** A model without `model.json`: its name is the folder's or the file's, the rest is what its config files say. */
async function loadExport(
  id: string,
  modelPath: string,
  folder: string,
  accepted: readonly ContractName[],
): Promise<Model> {
  const configFolder = path.basename(folder) === 'onnx' ? path.dirname(folder) : folder;
  const card = await readExportCard(configFolder);
  const contract = card.contract ?? guessContract(path.resolve(modelPath), accepted);
  if (!accepted.includes(contract)) {
    throw new OtherContractError(`${modelPath} is a ${contract} model; expected ${accepted.join(' or ')}.`);
  }
  const files = await findFiles(folder, contract, modelPath.endsWith('.onnx') ? modelPath : undefined);
  const { labels = {}, inputSize, mean, std } = card;
  return {
    id,
    contract,
    isDemo: false,
    origin: 'export',
    labels,
    inputSize,
    mean,
    std,
    path: modelPath,
    files,
    hashes: [],
  };
}

/** The SAM exports share file names; without a config the path's own words are all there is to tell them apart. */
function guessContract(modelPath: string, accepted: readonly ContractName[]): ContractName {
  const named = /sam[-_.]?3/i.test(modelPath) ? 'sam3-tracker' : undefined;
  const [first] = accepted;
  if (first === undefined) {
    throw new Error('loadModel needs at least one accepted contract');
  }
  if (named !== undefined && accepted.includes(named)) {
    return named;
  }
  return accepted.includes('sam2') ? 'sam2' : first;
}

/** Where each role's file lies: in the layout of the public exports, or all in one folder. */
async function findFiles(
  folder: string,
  contract: ContractName,
  single?: string,
): Promise<Record<string, string>> {
  const roles = Object.entries(contractFiles(contract));
  const files: Record<string, string> = {};
  const missing: string[] = [];
  for (const [role, file] of roles) {
    const places = [path.join(folder, file.path), path.join(folder, path.basename(file.path))];
    if (single !== undefined && roles.length === 1) {
      places.unshift(single);
    }
    const place = await firstExisting(places);
    if (place === undefined) {
      if (file.isOptional !== true) missing.push(file.path);
    } else {
      files[role] = place;
    }
  }
  if (missing.length > 0) {
    throw new ModelError(`${folder} lacks ${missing.join(' and ')}, which a ${contract} model is made of.`);
  }
  return files;
}

/**
 * Checks size and SHA-256 of each file that the model's card lists.
 * @throws ModelError naming every file that differs.
 */
export async function verifyModel(model: Model): Promise<void> {
  const problems: string[] = [];
  for (const hash of model.hashes) {
    const found = await stat(hash.path).catch(() => undefined);
    if (found === undefined) {
      problems.push(`${hash.path} is missing`);
    } else if (found.size !== hash.bytes) {
      problems.push(`${hash.path} has ${found.size} bytes instead of ${hash.bytes}`);
    } else if ((await sha256(hash.path)) !== hash.sha256) {
      problems.push(`${hash.path} has another SHA-256 than model.json says`);
    }
  }
  if (problems.length > 0) {
    throw new ModelError(`The model ${model.id} is damaged: ${problems.join('; ')}. Fetch it again.`);
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(`${file} is not readable JSON: ${reason}.`, { cause });
  }
}

async function firstExisting(places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    if (await exists(place)) {
      return path.resolve(place);
    }
  }
  return undefined;
}

async function exists(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined)) !== undefined;
}
